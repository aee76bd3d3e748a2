/** `never` where a schema and the type that the code uses have drifted apart: `true satisfies Same<…>` fails to compile then. */
export type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;

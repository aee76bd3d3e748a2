/** Secrets that are nowhere else, and where any of them can be read, in whatever form. */

/** A value of a config or command line that must never be told, by what it is. */
export type Planted = Readonly<Record<string, string>>;

/** As it stands, as URLs and JSON write it, and as base64 and hexadecimal carry it, wherever it begins in them. */
function formsOf(secret: string): readonly string[] {
  const encoded = encodeURIComponent(secret);
  const everyByte = [...Buffer.from(secret)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  const json = JSON.stringify(secret).slice(1, -1);
  return [
    ...new Set([
      secret,
      encoded,
      encoded.toLowerCase(),
      everyByte,
      everyByte.toUpperCase(),
      json,
      JSON.stringify(json).slice(1, -1),
      Buffer.from(secret).toString('hex'),
      ...[0, 1, 2].flatMap((shift) => base64Core(secret, shift)),
    ]),
  ];
}

/** What base64 makes of the secret's own bytes, `shift` bytes into a group of three. */
function base64Core(secret: string, shift: number): readonly string[] {
  const text = Buffer.concat([Buffer.alloc(shift), Buffer.from(secret)])
    .toString('base64')
    .replace(/=+$/, '');
  const core = text.slice(shift === 0 ? 0 : shift + 1, text.length - 1);
  return [core, core.replaceAll('+', '-').replaceAll('/', '_')];
}

/** "name: …the text around it…" for each secret that can be read in the output. */
export function leaks(planted: Planted, output: string): readonly string[] {
  return Object.entries(planted).flatMap(([name, secret]) => {
    const at = formsOf(secret)
      .map((form) => output.indexOf(form))
      .find((index) => index >= 0);
    return at === undefined ? [] : [`${name}: …${output.slice(Math.max(0, at - 120), at + 120)}…`];
  });
}

import type { ModelProto } from './schema.js';

/** Every file that the tensors of a model name for their data, in whatever part of it they stand. */
export function externalFiles(model: ModelProto): string[] {
  const found = new Set<string>();
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
    for (const [name, inner] of Object.entries(value)) {
      if (name === 'externalData')
        for (const { key, value: file } of inner as { key?: string; value?: string }[])
          if (key === 'location') found.add(file ?? '');
      look(inner);
    }
  };
  look(model);
  return [...found];
}

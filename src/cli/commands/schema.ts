/** `diskseal schema`: what an installer.yaml may hold, as JSON Schema. It is JSON with and without `--json`. */
import { jsonSchema } from '../../manifest/schema.ts';
import type { Call } from '../command.ts';
import { jsonText } from '../printable.ts';

export async function run({ output }: Call): Promise<void> {
  await output.bytes(new TextEncoder().encode(`${jsonText(jsonSchema(), 2)}\n`));
}

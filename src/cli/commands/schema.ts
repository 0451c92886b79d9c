/** `diskseal schema`: what an installer.yaml or a policy may hold, as JSON Schema. It is JSON with and without `--json`. */
import { jsonSchema } from '../../manifest/schema.ts';
import { policyJsonSchema } from '../../trust/policy-schema.ts';
import type { Call } from '../command.ts';
import { jsonText } from '../terminal/printable.ts';

export async function run({ options, output }: Call<{ readonly policy?: boolean }>): Promise<void> {
  const schema = options.policy ? policyJsonSchema() : jsonSchema();
  await output.bytes(new TextEncoder().encode(`${jsonText(schema, 2)}\n`));
}

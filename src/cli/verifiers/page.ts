/**
 * The page for verifying: template, style and program put together with what a publisher says. It can ask for nothing: its policy
 * allows the one style and the one program that stand in it, by their SHA-256, and a worker out of the program. The same facts give the
 * same bytes.
 */
import { assert } from '../../core/errors.ts';
import type { Platform } from '../../core/platform.ts';
import type { PageSettings } from '../../page/page-settings.ts';
import { encodeBase64 } from '../../pki/base64.ts';
import type { KnownAnchor, VerifierFacts } from './verifier-facts.ts';

/** What a page is made of, as text. */
export interface PageParts {
  readonly template: string;
  readonly style: string;
  /** What the build makes of src/page/. */
  readonly program: string;
}

export async function verifierPage({ template, style, program }: PageParts, facts: VerifierFacts, platform: Platform): Promise<string> {
  assert(!/<\/(?:script|style)|<!--/i.test(program + style), 'style and program can stand in a page');
  const { anchors, timestampAnchors, publishers, products, productName, publisherName } = facts;
  const settings: PageSettings = {
    trust: anchors.map(asData),
    timestampTrust: timestampAnchors.map(asData),
    publishers,
    products,
    productName,
    publisherName,
  };
  const values: Readonly<Record<string, string>> = {
    rules: await rulesFor(style, program, platform),
    style,
    program,
    // In a script element only this character can do harm.
    settings: JSON.stringify(settings).replaceAll('<', '\\u003c'),
    product: text(productName),
    publisher: text(publisherName),
    products: list(products),
    publishers: list(publishers),
    trust: list(anchors.map(described)),
    timestampTrust: timestampAnchors.length > 0 ? list(timestampAnchors.map(described)) : '<li>nobody</li>',
  };
  return template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const value = values[name];
    assert(value !== undefined, `the template asks for ${name}`);
    return value;
  });
}

/** Content Security Policy, level 3. */
async function rulesFor(style: string, program: string, platform: Platform): Promise<string> {
  const hash = async (content: string): Promise<string> =>
    `'sha256-${encodeBase64(await platform.digest('sha256', new TextEncoder().encode(content)))}'`;
  return [
    "default-src 'none'",
    `script-src ${await hash(program)}`,
    `style-src ${await hash(style)}`,
    'worker-src blob:',
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

function asData({ sha256, certificate }: KnownAnchor): string {
  return certificate ? encodeBase64(certificate.bytes) : `sha256:${sha256}`;
}

function described({ sha256, certificate }: KnownAnchor): string {
  return certificate ? `${certificate.subject} (sha256:${sha256})` : `sha256:${sha256}`;
}

function list(items: readonly string[]): string {
  return items.map((item) => `<li><code>${text(item)}</code></li>`).join('');
}

/** As content of an element or of a quoted attribute. */
function text(value: string): string {
  return value.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}

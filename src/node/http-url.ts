/** URLs as they are asked for and as they are shown: what could let somebody in is never printed. */
import { DisksealError } from '../core/errors.ts';

/** Whether a command's argument means a server and not a file. `./https:` is a file. */
export function isUrl(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/** @throws DisksealError `E_USAGE` for what is no URL of HTTP */
export function parseHttpUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url) throw new DisksealError('E_USAGE', 'this is not a URL', { hint: 'as in https://example.com/App.dmg' });
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new DisksealError('E_USAGE', `${url.protocol} is not read`, { path: shownUrl(url), hint: 'only https: and http: are' });
  }
  url.hash = '';
  return url;
}

/** For people and documents: without user, password and query, which carry keys as often as not. */
export function shownUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}${url.search === '' ? '' : '?…'}`;
}

/** What RFC 7617 makes of the user and password in a URL; nothing when there are none. */
export function authorizationOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined;
  return `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')}`;
}

/** Percent-decoded, or as it is where that is not UTF-8. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

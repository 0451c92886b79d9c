/** One input given to one target: fine, or the fault that it shows. */

/**
 * Only a DisksealError may be thrown, and not the one that says that a promise of our own was broken.
 * @returns nothing, or what is wrong as a text that is the same for the same fault
 */
export async function faultOf(run, bytes) {
  try {
    await run(bytes);
    return undefined;
  } catch (error) {
    if (error?.name === 'DisksealError' && error.code !== 'E_INTERNAL') return undefined;
    return describe(error);
  }
}

export function describe(error) {
  if (!(error instanceof Error)) return `thrown: ${String(error)}`;
  const [place = ''] = /[^/]+\/[^/]+\.[jt]s:\d+/.exec(error.stack?.split('\n').find((line) => /\/(dist|src)\//.test(line)) ?? '') ?? [];
  return `${error.name}: ${error.message.slice(0, 200)} (${place})`;
}

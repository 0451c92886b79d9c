/** What trust may depend on of this machine, as values: clock, user, environment, and where its policies are. */

export interface Host {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The effective user; undefined where there is no such thing. */
  readonly user: number | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Policies that hold for everyone on this machine, where they exist. */
  readonly systemPolicies: readonly string[];
}

export function thisHost(): Host {
  return {
    now: Date.now(),
    user: process.geteuid?.(),
    environment: process.env,
    systemPolicies: process.platform === 'win32' ? [] : ['/etc/diskseal/policy.yaml', '/etc/diskseal/policy.json'],
  };
}

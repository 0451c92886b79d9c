/**
 * From where an address can be reached. A server on the internet must not send us to one that only this machine or its
 * network can ask: routers, metadata services and local daemons answer whoever is inside.
 * Sources: IANA's IPv4 and IPv6 special-purpose address registries (RFC 6890), RFC 4193, RFC 4291, RFC 6052 (NAT64), RFC 3056 (6to4).
 */
import { BlockList, isIP, isIPv4 } from 'node:net';

/** The larger, the fewer can reach it: the internet, a network of its own, this machine and its link alone. */
export const REACH = { public: 0, network: 1, host: 2 } as const;
export type Reach = (typeof REACH)[keyof typeof REACH];

/** Loopback, this host, link-local (metadata services of clouds stand at 169.254.169.254). */
const HOST = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16'];
const HOST_6 = ['::/128', '::1/128', 'fe80::/10'];
/** Private networks, and what no server on the internet has: shared, reserved, test, multicast. */
const NETWORK = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
const NETWORK_6 = [
  'fc00::/7',
  'fec0::/10',
  'ff00::/8',
  '2001::/32',
  '2001:db8::/32',
  '64:ff9b:1::/48',
  '100::/64',
  '3fff::/20',
  '5f00::/16',
];

const LISTS = { [REACH.host]: listOf(HOST, HOST_6), [REACH.network]: listOf(NETWORK, NETWORK_6) } as const;

/** @param host - as a URL has it, IPv6 in brackets. @returns nothing for a name that must be looked up */
export function reachOfHost(host: string): Reach | undefined {
  const address = host.replace(/^\[(.*)\]$/, '$1');
  if (isIP(address) !== 0) return reachOfAddress(address);
  // RFC 6761 6.3: such a name is this machine, whatever a server of names says.
  return /(?:^|\.)localhost\.?$/i.test(host) ? REACH.host : undefined;
}

export function reachOfAddress(address: string): Reach {
  const family = isIPv4(address) ? 'ipv4' : 'ipv6';
  if (LISTS[REACH.host].check(address, family)) return REACH.host;
  return LISTS[REACH.network].check(address, family) ? REACH.network : REACH.public;
}

/** IPv6 has further spellings of IPv4 addresses: mapped (which BlockList knows), compatible, translated, tunnelled. */
function listOf(four: readonly string[], six: readonly string[]): BlockList {
  const list = new BlockList();
  for (const [address, bits] of [...four, ...six].map(divided)) list.addSubnet(address, bits, isIPv4(address) ? 'ipv4' : 'ipv6');
  for (const [address, bits] of four.map(divided)) {
    list.addSubnet(`::${address}`, 96 + bits, 'ipv6');
    list.addSubnet(`64:ff9b::${address}`, 96 + bits, 'ipv6');
    list.addSubnet(sixToFour(address), 16 + bits, 'ipv6');
  }
  return list;
}

function divided(subnet: string): readonly [address: string, bits: number] {
  const [address, bits] = subnet.split('/') as [string, string];
  return [address, Number(bits)];
}

function sixToFour(address: string): string {
  const [a, b, c, d] = address.split('.').map(Number) as [number, number, number, number];
  return `2002:${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}::`;
}

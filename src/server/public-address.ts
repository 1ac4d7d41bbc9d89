/** Which addresses are of the public internet. All else, and above all this machine and its neighbours, is never asked for a caller. */
import { BlockList, isIP } from "node:net";

// IANA's special-purpose registries (RFC 6890 and its updates), multicast and what is reserved.
const closed4 = [
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"],
  ...["192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24"],
  ...["198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"],
];
/** Of 2000::/3, the only part of IPv6 that is given out; the rest holds loopback, links, mapped IPv4 and NAT64. */
const closed6 = ["2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"];

function listOf(family: "ipv4" | "ipv6", nets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const net of nets) {
    const [address, bits] = net.split("/") as [string, string];
    list.addSubnet(address, Number(bits), family);
  }
  return list;
}

/** Whether an IP address, written as such, is public; false for what is none. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !listOf("ipv4", closed4).check(address, "ipv4");
    case 6:
      return listOf("ipv6", ["2000::/3"]).check(address, "ipv6") && !listOf("ipv6", closed6).check(address, "ipv6");
    default:
      return false;
  }
}

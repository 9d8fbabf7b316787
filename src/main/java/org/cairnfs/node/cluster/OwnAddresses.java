package org.cairnfs.node.cluster;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import org.cairnfs.node.home.ListenAddress;

/** Where others find a node that listens at an address. */
final class OwnAddresses {
  /** Most addresses that a node tells of. */
  static final int MAX = 8;

  /** All zeroes, as in {@code 0.0.0.0} and {@code ::}. */
  private static final Pattern WILDCARD = Pattern.compile("[0.:]+");

  /**
   * The address itself; if it stands for all of the host's, those of its interfaces, IPv4 first. A
   * host that is connected to nothing has its loopback address.
   */
  static List<ListenAddress> of(ListenAddress listen) {
    if (!isWildcard(listen)) {
      return List.of(listen);
    }
    List<InetAddress> found = interfaces();
    if (found.isEmpty()) {
      found = List.of(InetAddress.getLoopbackAddress());
    }
    return found.stream()
        .sorted(Comparator.comparing((InetAddress address) -> !(address instanceof Inet4Address)))
        .limit(MAX)
        .map(address -> new ListenAddress(hostOf(address), listen.port()))
        .toList();
  }

  /**
   * An address as others can use it: to them the name of an interface of this host says nothing,
   * which Java appends to addresses of IPv6. Only one of a single link is none without it.
   */
  static String hostOf(InetAddress address) {
    String text = address.getHostAddress();
    int scope = address.isLinkLocalAddress() ? -1 : text.indexOf('%');
    return scope < 0 ? text : text.substring(0, scope);
  }

  /**
   * Whether it stands for all addresses of the host. No name does: a name server is not asked,
   * which may take its time while heartbeats wait.
   */
  static boolean isWildcard(ListenAddress address) {
    return WILDCARD.matcher(address.host()).matches();
  }

  private static List<InetAddress> interfaces() {
    List<InetAddress> found = new ArrayList<>();
    try {
      for (NetworkInterface card : NetworkInterface.networkInterfaces()
          .sorted(Comparator.comparing(NetworkInterface::getIndex))
          .toList()) {
        if (card.isUp() && !card.isLoopback()) {
          card.inetAddresses()
              .filter(address -> !address.isLinkLocalAddress() && !address.isLoopbackAddress())
              .forEach(found::add);
        }
      }
    } catch (SocketException e) {
      return found;
    }
    return found;
  }

  private OwnAddresses() {}
}

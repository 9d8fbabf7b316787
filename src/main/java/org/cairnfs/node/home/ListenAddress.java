package org.cairnfs.node.home;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnknownHostException;

/**
 * Where peers reach this node.
 *
 * @param host a name or a literal address, without brackets
 * @param port 1 to 65535
 */
public record ListenAddress(String host, int port) {
  private static final String FORM =
      "Write HOST:PORT, for example 192.0.2.7:7747 or [2001:db8::7]:7747.";
  private static final int PORT_MAX = 65_535;

  /** Reads {@code HOST:PORT}; an IPv6 address stands in brackets. */
  public static ListenAddress parse(String text) throws OperatorException {
    int colon = text.lastIndexOf(':');
    String host = colon < 0 ? "" : text.substring(0, colon);
    boolean bracketed = host.length() > 2 && host.startsWith("[") && host.endsWith("]");
    if (bracketed) {
      host = host.substring(1, host.length() - 1);
    }
    int port = parsePort(text.substring(colon + 1));
    boolean hasSpace = host.chars().anyMatch(c -> c <= ' ' || c == '[' || c == ']');
    if (host.isEmpty() || port < 1 || hasSpace || host.indexOf(':') >= 0 != bracketed) {
      throw new OperatorException(
          "\"" + text + "\" is not an address to listen at", FORM, OperatorException.USAGE);
    }
    return new ListenAddress(host, port);
  }

  private static int parsePort(String digits) {
    if (!digits.matches("[0-9]{1,5}")) {
      return -1;
    }
    int port = Integer.parseInt(digits);
    return port <= PORT_MAX ? port : -1;
  }

  /** Fails, with what to do, unless a server could listen here now. */
  public void requireFree() throws OperatorException {
    String elsewhere =
        "Choose another one: --listen HOST:PORT of `cairn init` and `cairn join`, or listen= in "
            + "cairn.properties";
    InetAddress address;
    try {
      address = InetAddress.getByName(host);
    } catch (UnknownHostException e) {
      throw new OperatorException(
          "the address to listen at, " + this + ", names an unknown host", elsewhere + ".", e);
    }
    try (ServerSocket probe = new ServerSocket()) {
      probe.setReuseAddress(true);
      probe.bind(new InetSocketAddress(address, port));
    } catch (BindException e) {
      boolean inUse = String.valueOf(e.getMessage()).contains("in use");
      throw new OperatorException(
          inUse
              ? "port " + port + " of " + host + " is in use by another program"
              : "cannot listen at " + this + ": " + e.getMessage(),
          inUse ? "Stop that program (`ss -ltnp` names it). " + elsewhere + "." : elsewhere + ".",
          e);
    } catch (IOException e) {
      throw new OperatorException(
          "cannot listen at " + this + ": " + e.getMessage(), elsewhere + ".", e);
    }
  }

  @Override
  public String toString() {
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
  }
}

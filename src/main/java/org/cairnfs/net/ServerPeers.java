package org.cairnfs.net;

import io.netty.channel.Channel;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import org.cairnfs.core.NodeId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections of a server: strangers, of which there may be few at a time, and peers, each with
 * at most one connection of a kind. Thread-safe.
 */
final class ServerPeers {
  /** Connections that have not finished the handshake. */
  static final int STRANGERS_MAX = 64;

  /** The same, from one address. */
  static final int STRANGERS_PER_ADDRESS_MAX = 16;

  /** Connections altogether. */
  static final int CONNECTIONS_MAX = 1024;

  /** Connections of nodes that are no members. */
  static final int GUESTS_MAX = 16;

  private static final Logger LOG = LoggerFactory.getLogger(ServerPeers.class);

  private record Key(NodeId node, ChannelKind kind) {}

  private final Handlers handlers;
  private final LongSupplier ticker;
  private final PenaltyBox penalties;

  /** Guarded by this, as is what follows. */
  private final Map<Key, ServerConnection> connections = new HashMap<>();

  private final Map<Channel, InetAddress> strangers = new HashMap<>();
  private final Map<InetAddress, Integer> strangersByAddress = new HashMap<>();
  private final Set<ServerConnection> guests = new HashSet<>();
  private boolean closed;

  ServerPeers(Handlers handlers, PenaltyBox penalties, LongSupplier ticker) {
    this.handlers = handlers;
    this.penalties = penalties;
    this.ticker = ticker;
  }

  Handlers handlers() {
    return handlers;
  }

  LongSupplier ticker() {
    return ticker;
  }

  /** Whether a new connection from that address may try; then it is counted until it ends. */
  synchronized boolean admitStranger(Channel channel, InetAddress address) {
    int fromThere = strangersByAddress.getOrDefault(address, 0);
    if (closed
        || strangers.size() >= STRANGERS_MAX
        || fromThere >= STRANGERS_PER_ADDRESS_MAX
        || strangers.size() + connections.size() >= CONNECTIONS_MAX
        || penalties.isKeptAway(address)) {
      return false;
    }
    strangers.put(channel, address);
    strangersByAddress.put(address, fromThere + 1);
    return true;
  }

  /** The connection has ended, or is a stranger's no more. */
  synchronized void removeStranger(Channel channel) {
    InetAddress address = strangers.remove(channel);
    if (address != null) {
      strangersByAddress.computeIfPresent(address, (unused, count) -> count > 1 ? count - 1 : null);
    }
  }

  /**
   * A peer has shown who it is. An older connection of its of that kind is closed: the peer gave it
   * up, or it would not have made this one.
   *
   * @return false if there is no room for it
   */
  boolean add(ServerConnection connection) {
    ServerConnection older;
    synchronized (this) {
      boolean guest = connection.peer().standing() != Standing.MEMBER;
      if (closed || (guest && guests.size() >= GUESTS_MAX)) {
        return false;
      }
      if (guest) {
        guests.add(connection);
      }
      older = connections.put(key(connection), connection);
    }
    penalties.behaved(connection.peer().remote().getAddress());
    if (older != null) {
      LOG.info("{} connected anew", connection.peer().id());
      Channels.onLoop(
          older.channel(),
          () -> Channels.fail(older.channel(), FailureCode.CLOSING, "there is a newer one"));
    }
    return true;
  }

  synchronized void remove(ServerConnection connection) {
    connections.remove(key(connection), connection);
    guests.remove(connection);
  }

  /** Cuts what a node has open, which is no longer welcome. */
  void cut(NodeId node) {
    for (ServerConnection connection : connections()) {
      if (connection.peer().id().equals(node)) {
        Channels.onLoop(
            connection.channel(),
            () -> Channels.fail(
                connection.channel(), FailureCode.REVOKED, "you are no member any more"));
      }
    }
  }

  void offended(Object who) {
    penalties.offended(who);
  }

  boolean isKeptAway(NodeId node) {
    return penalties.isKeptAway(node);
  }

  synchronized List<ServerConnection> connections() {
    return List.copyOf(connections.values());
  }

  /** From now on nobody is admitted; returns whom to say good-bye to. */
  synchronized List<Channel> close() {
    closed = true;
    List<Channel> channels = new ArrayList<>(strangers.keySet());
    connections.values().forEach(connection -> channels.add(connection.channel()));
    return channels;
  }

  private static Key key(ServerConnection connection) {
    return new Key(connection.peer().id(), connection.kind());
  }
}

package org.cairnfs.meta.raft;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.cairnfs.core.NodeId;
import org.cairnfs.net.ChannelKind;
import org.cairnfs.net.FailureCode;
import org.cairnfs.net.Handlers;
import org.cairnfs.net.MessageType;
import org.cairnfs.net.PeerClient;
import org.cairnfs.net.PeerInfo;
import org.cairnfs.net.RefusedRequestException;
import org.cairnfs.net.Reply;
import org.jspecify.annotations.Nullable;

/**
 * Raft's messages over the connections between peers: entries of some size on the bulk one, so that
 * heartbeats and votes overtake them. Thread-safe.
 */
public final class PeerRaftWire implements RaftWire {
  /** Message 16: a Raft message that is short. */
  static final MessageType SHORT = new MessageType(16, "raft", ChannelKind.CONTROL);

  /** Message 17: a Raft message that is not. */
  static final MessageType LONG = new MessageType(17, "raft-entries", ChannelKind.BULK);

  private static final int SHORT_MAX_BYTES = 64 << 10;

  private final Supplier<PeerClient> client;
  private final Predicate<NodeId> there;
  private volatile @Nullable Receiver receiver;

  public PeerRaftWire(PeerClient client) {
    this(() -> client, node -> true);
  }

  /**
   * For a network that may not be open yet.
   *
   * @param client asked for when there is something to send
   * @param there whether a node's log is known to take messages
   */
  public PeerRaftWire(Supplier<PeerClient> client, Predicate<NodeId> there) {
    this.client = client;
    this.there = there;
  }

  /**
   * Has the server take Raft's messages.
   *
   * @param executor of a few threads; votes wait for the disk there
   */
  public void register(Handlers.Builder handlers, Executor executor) {
    handlers.on(SHORT, this::handle, executor).on(LONG, this::handle, executor);
  }

  private CompletableFuture<Reply> handle(PeerInfo peer, ByteBuffer body)
      throws RefusedRequestException, IOException {
    Receiver current = receiver;
    if (current == null) {
      throw new RefusedRequestException(FailureCode.BUSY, "the metadata log is not open");
    }
    return current.receive(peer.id().toString(), body).thenApply(Reply::of);
  }

  @Override
  public CompletableFuture<ByteBuffer> send(String to, ByteBuffer message, Duration limit) {
    MessageType type = message.remaining() <= SHORT_MAX_BYTES ? SHORT : LONG;
    return client.get().request(NodeId.parse(to), type, message, limit);
  }

  @Override
  public boolean isThere(String node) {
    return there.test(NodeId.parse(node));
  }

  @Override
  public void receiver(@Nullable Receiver next) {
    receiver = next;
  }
}

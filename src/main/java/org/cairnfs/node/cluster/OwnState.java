package org.cairnfs.node.cluster;

import java.time.InstantSource;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.cairnfs.node.home.ListenAddress;
import org.jspecify.annotations.Nullable;

/** What this node says of itself. Thread-safe. */
final class OwnState implements Self {
  private static final long LOOK_AGAIN_NANOS = 10_000_000_000L;

  private final Cluster.Node node;
  private final PeerNetwork network;
  private final LongSupplier appliedIndex;
  private final InstantSource clock;
  private volatile LongSupplier usedBytes = () -> 0;
  private volatile Supplier<OptionalLong> blobsToMove = OptionalLong::empty;
  private volatile boolean logOpen;
  private volatile @Nullable Seen seen;

  /** The addresses as they were at a moment: asking the system takes a while. */
  private record Seen(List<ListenAddress> addresses, long atNanos) {}

  OwnState(Cluster.Node node, PeerNetwork network, LongSupplier appliedIndex, InstantSource clock) {
    this.node = node;
    this.network = network;
    this.appliedIndex = appliedIndex;
    this.clock = clock;
  }

  void blobs(LongSupplier used, Supplier<OptionalLong> toMove) {
    usedBytes = used;
    blobsToMove = toMove;
  }

  void logOpened() {
    logOpen = true;
  }

  @Override
  public boolean logOpen() {
    return logOpen;
  }

  @Override
  public long clockMillis() {
    return clock.millis();
  }

  @Override
  public List<ListenAddress> addresses() {
    ListenAddress listening = network.listening();
    if (listening == null) {
      return List.of();
    }
    Seen last = seen;
    long now = System.nanoTime();
    if (last == null || now - last.atNanos() > LOOK_AGAIN_NANOS) {
      last = new Seen(OwnAddresses.of(listening), now);
      seen = last;
    }
    return last.addresses();
  }

  @Override
  public String software() {
    return node.software();
  }

  @Override
  public long usedBytes() {
    return usedBytes.getAsLong();
  }

  @Override
  public long capacityBytes() {
    return node.config().profile().capacityBytes().orElse(node.diskBytes());
  }

  @Override
  public long appliedIndex() {
    return appliedIndex.getAsLong();
  }

  @Override
  public OptionalLong blobsToMove() {
    return blobsToMove.get();
  }
}

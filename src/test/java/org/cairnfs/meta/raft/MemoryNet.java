package org.cairnfs.meta.raft;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Wires between logs in one JVM, whose links can be cut. Thread-safe. */
final class MemoryNet implements AutoCloseable {
  private record Link(String from, String to) {}

  /** What a message goes through on its way. */
  interface Gate {
    CompletableFuture<ByteBuffer> pass(String to, ByteBuffer message, RaftWire.Receiver receiver)
        throws IOException;
  }

  private final Map<String, RaftWire.Receiver> receivers = new ConcurrentHashMap<>();
  private final Set<String> cut = ConcurrentHashMap.newKeySet();
  private final Set<Link> cutLinks = ConcurrentHashMap.newKeySet();
  private final ExecutorService executor = Executors.newCachedThreadPool(task -> {
    Thread thread = new Thread(task, "memory-net");
    thread.setDaemon(true);
    return thread;
  });

  private volatile @Nullable Gate gate;

  /** Has all messages go through a gate from now on. */
  void gate(Gate through) {
    gate = through;
  }

  RaftWire wire(String self) {
    return new RaftWire() {
      @Override
      public CompletableFuture<ByteBuffer> send(String to, ByteBuffer message, Duration limit) {
        byte[] bytes = new byte[message.remaining()];
        message.duplicate().get(bytes);
        return CompletableFuture.supplyAsync(() -> ByteBuffer.wrap(bytes), executor)
            .thenCompose(arrived -> receive(self, to, arrived))
            .thenCompose(answer -> isCut(to, self)
                ? CompletableFuture.failedFuture(new IOException("the answer was lost"))
                : CompletableFuture.completedFuture(answer))
            .orTimeout(limit.toMillis(), TimeUnit.MILLISECONDS);
      }

      @Override
      public void receiver(@Nullable Receiver receiver) {
        if (receiver == null) {
          receivers.remove(self);
        } else {
          receivers.put(self, receiver);
        }
      }
    };
  }

  private CompletableFuture<ByteBuffer> receive(String from, String to, ByteBuffer message) {
    RaftWire.Receiver receiver = receivers.get(to);
    if (receiver == null || isCut(from, to)) {
      return CompletableFuture.failedFuture(new IOException(to + " cannot be reached"));
    }
    Gate through = gate;
    try {
      return through == null
          ? receiver.receive(from, message)
          : through.pass(to, message, (ignored, passed) -> receiver.receive(from, passed));
    } catch (IOException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  boolean isCut(String from, String to) {
    return cut.contains(from) || cut.contains(to) || cutLinks.contains(new Link(from, to));
  }

  /** Nothing comes from or to that node any more. */
  void cut(String node) {
    cut.add(node);
  }

  void cut(String one, String other) {
    cutLinks.add(new Link(one, other));
    cutLinks.add(new Link(other, one));
  }

  void heal() {
    cut.clear();
    cutLinks.clear();
  }

  @Override
  public void close() {
    executor.shutdownNow();
  }
}

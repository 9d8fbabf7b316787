package org.cairnfs.node.cluster;

import com.google.protobuf.ByteString;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.cairnfs.core.NodeId;

/**
 * Tells a node that was started again from two that share one identity, as when a home was copied
 * to another host. Thread-safe.
 *
 * <p>Each run of a node has an id. When another run shows up under an identity, the one before is
 * called where it was: if it answers, both live, and the later one is the copy.
 */
final class Runs {
  /** Calls a node where it was last, and tells which run answers; empty or failed if none does. */
  @FunctionalInterface
  interface Caller {
    CompletableFuture<ByteString> call(NodeId node);
  }

  private final Caller caller;
  private final Map<NodeId, ByteString> current = new ConcurrentHashMap<>();

  Runs(Caller caller) {
    this.caller = caller;
  }

  /** Whether this is the one run of the node; takes as long as the caller may. */
  CompletableFuture<Boolean> admit(NodeId node, ByteString run) {
    ByteString known = current.putIfAbsent(node, run);
    if (known == null || known.equals(run)) {
      return CompletableFuture.completedFuture(true);
    }
    return caller.call(node).handle((answer, problem) -> {
      if (problem == null && answer.equals(known)) {
        return false;
      }
      current.put(node, run);
      return true;
    });
  }
}

package org.cairnfs.meta.raft;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;

/**
 * Who made the entries of the log lately, and so who should lead: what the leader itself proposes
 * is spared the way to another node and back. Every node counts what it applies, so a new leader
 * knows what was before it. Thread-safe.
 *
 * <p>Counts fade. So the lead goes at once from a node that was idle to one that begins to work,
 * and from one that stopped working to another only after that has worked alone for some 20 s.
 */
final class Workload {
  /** What is left of a count a tick later. */
  private static final double FADE = 0.97;

  /** Who has made fewer entries, faded, would gain little by leading. */
  private static final double ENTRIES_MIN = 16;

  /** Of all entries, faded. */
  private static final double SHARE_MIN = 0.9;

  /** A count below this is as good as none. */
  private static final double FORGOTTEN = 0.01;

  /** Guarded by this, as is the other: faded counts, by whose the entries are. */
  private final Map<Long, Double> counts = new HashMap<>();

  /** Who has made an entry since the last tick. */
  private final Set<Long> working = new HashSet<>();

  /** A new client for proposals of that node, whose first half tells that they are. */
  static ClientId client(String node) {
    return ClientId.valueOf(
        new UUID(owner(node), ClientId.randomId().getUuid().getLeastSignificantBits()));
  }

  private static long owner(String node) {
    return UUID.nameUUIDFromBytes(node.getBytes(UTF_8)).getMostSignificantBits();
  }

  /** An entry of that client was applied. */
  void count(ByteString client) {
    if (client.size() >= Long.BYTES) {
      count(client.asReadOnlyByteBuffer().getLong());
    }
  }

  private synchronized void count(long owner) {
    counts.merge(owner, 1.0, Double::sum);
    working.add(owner);
  }

  /** Lets a tick pass. */
  synchronized void tick() {
    counts.replaceAll((owner, count) -> count * FADE);
    counts.values().removeIf(count -> count < FORGOTTEN);
    working.clear();
  }

  /** Which of these nodes makes nearly all entries, if one does, and has made one in this tick. */
  synchronized Optional<String> worker(Collection<String> nodes) {
    double all = counts.values().stream().mapToDouble(Double::doubleValue).sum();
    return nodes.stream()
        .filter(node -> {
          double count = counts.getOrDefault(owner(node), 0.0);
          return count >= ENTRIES_MIN && count >= SHARE_MIN * all && working.contains(owner(node));
        })
        .findFirst();
  }
}

package org.cairnfs.node;

import java.util.OptionalLong;
import java.util.function.Supplier;
import org.cairnfs.blob.RepairStats;
import org.cairnfs.core.NodeId;
import org.cairnfs.meta.MemberState;
import org.cairnfs.meta.Members;

/**
 * How many blobs this node still has to give to others before it may leave; empty while it is not
 * drained, or has not counted them. Thread-safe.
 *
 * <p>The blob layer counts them as it walks through all blobs, so a count says nothing before a
 * walk that began after the order to drain has come to its end.
 */
final class DrainProgress implements Supplier<OptionalLong> {
  private final NodeId self;
  private final Members members;
  private final Supplier<RepairStats> blobs;

  /** Guarded by this: the walk at whose end the count is right; 0 while the node is not drained. */
  private long decisiveWalk;

  DrainProgress(NodeId self, Members members, Supplier<RepairStats> blobs) {
    this.self = self;
    this.members = members;
    this.blobs = blobs;
    members.onChange(this::look);
    look();
  }

  private synchronized void look() {
    boolean draining =
        members.find(self).map(member -> member.state() == MemberState.DRAINING).orElse(false);
    if (!draining) {
      decisiveWalk = 0;
    } else if (decisiveWalk == 0) {
      RepairStats now = blobs.get();
      decisiveWalk = now.walks() + (now.walking() ? 2 : 1);
    }
  }

  @Override
  public synchronized OptionalLong get() {
    if (decisiveWalk == 0) {
      return OptionalLong.empty();
    }
    RepairStats now = blobs.get();
    if (now.walks() < decisiveWalk) {
      return OptionalLong.empty();
    }
    return OptionalLong.of(now.walking() ? Math.max(1, now.surplus()) : now.surplus());
  }
}

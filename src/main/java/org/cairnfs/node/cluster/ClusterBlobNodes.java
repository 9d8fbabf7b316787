package org.cairnfs.node.cluster;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.cairnfs.blob.BlobNode;
import org.cairnfs.blob.BlobNodes;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.Replication;
import org.cairnfs.meta.Member;
import org.cairnfs.meta.MemberState;
import org.cairnfs.meta.Members;

/**
 * The nodes that keep blobs: the members of the metadata, alive as the heartbeats say. Thread-safe.
 */
public final class ClusterBlobNodes implements BlobNodes {
  private final NodeId self;
  private final Members members;
  private final Heartbeats heartbeats;
  private final Duration outAfter;
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
  private volatile List<BlobNode> nodes;
  private volatile Replication replication;

  /** @param outAfter a node that was away for so long has its blobs taken over by others */
  public ClusterBlobNodes(NodeId self, Members members, Heartbeats heartbeats, Duration outAfter) {
    this.self = self;
    this.members = members;
    this.heartbeats = heartbeats;
    this.outAfter = outAfter;
    this.nodes = look();
    this.replication = members.replication();
    members.onChange(this::refresh);
    heartbeats.onBeat(this::refresh);
    refresh();
  }

  @Override
  public NodeId self() {
    return self;
  }

  @Override
  public List<BlobNode> nodes() {
    return nodes;
  }

  @Override
  public Replication replication() {
    return replication;
  }

  @Override
  public void onChange(Runnable listener) {
    listeners.add(listener);
  }

  private void refresh() {
    boolean changed;
    synchronized (this) {
      List<BlobNode> now = look();
      Replication copies = members.replication();
      changed =
          !withoutRoundTrips(now).equals(withoutRoundTrips(nodes)) || !copies.equals(replication);
      nodes = now;
      replication = copies;
    }
    if (changed) {
      listeners.forEach(Runnable::run);
    }
  }

  private List<BlobNode> look() {
    List<BlobNode> found = new ArrayList<>();
    boolean here = false;
    for (Member member : members.present()) {
      here |= member.id().equals(self);
      found.add(see(member));
    }
    if (!here) {
      // It has joined, and its metadata does not say so yet: nothing is placed here.
      found.add(new BlobNode(self, 1, "", true, false, Duration.ZERO));
    }
    return List.copyOf(found);
  }

  private BlobNode see(Member member) {
    long weight = Math.max(1, member.capacityBytes());
    boolean active = member.state() == MemberState.ACTIVE;
    if (member.id().equals(self)) {
      return new BlobNode(self, weight, member.zone(), true, active, Duration.ZERO);
    }
    Heartbeats.Report report = heartbeats.report(member.id());
    if (report == null) {
      return new BlobNode(member.id(), weight, member.zone(), false, active, Duration.ZERO);
    }
    boolean out = !report.live() && report.silence().compareTo(outAfter) > 0;
    return new BlobNode(
        member.id(), weight, member.zone(), report.live(), active && !out, report.roundTrip());
  }

  private static List<BlobNode> withoutRoundTrips(List<BlobNode> nodes) {
    return nodes.stream()
        .map(node -> new BlobNode(
            node.id(), node.weight(), node.zone(), node.live(), node.placeable(), Duration.ZERO))
        .toList();
  }
}

package org.cairnfs.blob;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.Replication;

/** Nodes that are as a test says; the first one is this node. */
final class FakeNodes implements BlobNodes {
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
  private final NodeId self;
  private volatile List<BlobNode> nodes;
  private volatile Replication replication = Replication.DEFAULT;

  FakeNodes(int count) {
    List<BlobNode> made = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      made.add(new BlobNode(id(i), 1, "", true, true, Duration.ZERO));
    }
    self = id(0);
    nodes = List.copyOf(made);
  }

  FakeNodes(NodeId self, List<BlobNode> nodes) {
    this.self = self;
    this.nodes = nodes;
  }

  static NodeId id(int number) {
    return new NodeId(number, number * 7L, 13, 17);
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

  void set(List<BlobNode> changed) {
    nodes = List.copyOf(changed);
    listeners.forEach(Runnable::run);
  }

  void replication(int replicas, int writeQuorum) {
    replication = new Replication(replicas, writeQuorum);
    listeners.forEach(Runnable::run);
  }

  void change(NodeId which, UnaryOperator<BlobNode> change) {
    set(nodes.stream()
        .map(node -> node.id().equals(which) ? change.apply(node) : node)
        .toList());
  }

  void live(NodeId which, boolean live) {
    change(
        which,
        node -> new BlobNode(
            node.id(), node.weight(), node.zone(), live, node.placeable(), node.roundTrip()));
  }

  void placeable(NodeId which, boolean placeable) {
    change(
        which,
        node -> new BlobNode(
            node.id(), node.weight(), node.zone(), node.live(), placeable, node.roundTrip()));
  }

  void roundTrip(NodeId which, Duration roundTrip) {
    change(
        which,
        node -> new BlobNode(
            node.id(), node.weight(), node.zone(), node.live(), node.placeable(), roundTrip));
  }
}

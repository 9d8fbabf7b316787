package org.cairnfs.blob;

import java.io.IOException;
import java.nio.file.FileStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.cairnfs.blob.SimMeta.Entry;
import org.cairnfs.blob.SimMeta.Op;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.NodeId;
import org.cairnfs.crypto.BlockSealer;
import org.cairnfs.net.RefusedRequestException;
import org.jspecify.annotations.Nullable;

/**
 * Three to five nodes that write, deduplicate, drop, repair and collect blobs while the volume's
 * replicas change between two and all, and everything that can go wrong does, in an order that a
 * seed decides. After each event no blob that the committed metadata refers to may be without an
 * intact copy on a disk, and none of which a writer was told that it is safe without W; in the end,
 * when all is well again, each is where it belongs, and nothing else is anywhere.
 *
 * <p>The decisions are the real ones: {@link LocalBlobs}, {@link Holds}, {@link BlobCollector},
 * {@link Replicator}, {@link RepairWalk}, {@link BlobService}, {@link LocalBlockStore}. Modelled
 * are disks, network, clocks, and the log. See docs/blob-protocol.md.
 */
final class BlobSimulation {
  static final ClusterSettings SETTINGS = ClusterSettings.DEFAULT;
  static final BlockSealer SEALER = Blocks.sealer();
  static final FileStore NO_DISK = Blocks.disk();
  static final int FILES = 6;
  private static final int CONTENTS = 5;
  private static final int WRITE_QUORUM = 2;

  private final long seed;
  private final SimWorld world;
  private final List<SimNode> nodes = new ArrayList<>();
  private final SimLog log;
  private final boolean[][] cut;
  private final Map<BlobId, String> names = new HashMap<>();

  /** Blobs that are known to have W copies until they are let go. */
  private final Set<BlobId> promised = new HashSet<>();

  private final double lossRate;
  private final double powerCutRate;
  private final long pauseMax;
  private final boolean damages;
  private int sessions;
  private boolean quiet;
  private long acknowledgements;

  BlobSimulation(long seed) {
    this.seed = seed;
    world = new SimWorld(seed);
    int count = 3 + world.random.nextInt(3);
    cut = new boolean[count][count];
    lossRate = world.chance(0.5) ? 0 : world.random.nextDouble() * 0.2;
    powerCutRate = world.chance(0.5) ? 0 : 0.01;
    pauseMax = world.between(SimWorld.SECOND / 10, 100 * SimWorld.SECOND);
    damages = world.chance(0.5);
    log = new SimLog(world, count, node -> nodes.get(node).works(), (a, b) -> !cut[a][b]);
    for (int i = 0; i < count; i++) {
      nodes.add(new SimNode(this, i));
    }
    log.onAppend(this::appended);
  }

  /** Runs it; returns how often a writer was told that what it wrote is safe. */
  long run() {
    try {
      nodes.forEach(SimNode::start);
      log.watch();
      world.after(SimWorld.MINUTE, this::trouble);
      world.run(Duration.ofHours(3), this::check);
      heal();
      world.run(Duration.ofMinutes(40), this::check);
      nodes.stream()
          .filter(node -> node.run != null)
          .forEach(node -> node.run().collector.sweepAgain());
      world.run(Duration.ofMinutes(30), this::check);
      checkWhole();
      return acknowledgements;
    } catch (RuntimeException | AssertionError e) {
      throw new AssertionError("seed " + seed + ": " + e + "\n" + world.trace(), e);
    }
  }

  SimWorld world() {
    return world;
  }

  SimLog log() {
    return log;
  }

  /** Whether nobody is to write any more. */
  boolean isQuiet() {
    return quiet;
  }

  int nextSession() {
    return ++sessions;
  }

  long writerPause() {
    return world.between(SimWorld.SECOND / 20, pauseMax);
  }

  /** Contents are few, so that they are written again and again. */
  byte[] content() {
    int number = world.random.nextInt(CONTENTS);
    return Blocks.random(20 + number, number);
  }

  /** Short, for the trace. */
  String name(BlobId id) {
    return names.computeIfAbsent(id, unused -> "blob" + names.size());
  }

  /** The metadata after so many entries. */
  SimMeta metaAt(int index) {
    SimMeta meta = new SimMeta();
    for (int i = 1; i <= index; i++) {
      var unused = meta.apply(log.entry(i));
    }
    return meta;
  }

  private void appended() {
    for (SimNode node : nodes) {
      hear(node, world.chance(0.02) ? 20 * SimWorld.SECOND : 50 * SimWorld.MILLI);
    }
  }

  /** The node applies what it has not yet, when it can be reached; asked again until then. */
  private void hear(SimNode node, long withinNanos) {
    SimNode.Run run = node.run;
    if (run == null) {
      return;
    }
    world.after(
        0,
        withinNanos,
        () -> run.now(() -> {
          if (log.reachesLeader(node.number)) {
            boolean draining = node.meta.draining.contains(node.number);
            Set<Integer> before = new HashSet<>(node.meta.draining);
            run.applyUpTo(log.length());
            if (!before.equals(node.meta.draining) || draining != isDraining(node)) {
              refresh(node);
            }
          } else {
            hear(node, SimWorld.SECOND);
          }
        }));
  }

  private static boolean isDraining(SimNode node) {
    return node.meta.draining.contains(node.number);
  }

  RemoteBlobs peer(SimNode.Run from, NodeId to) {
    return new SimNode.Remote(
        this,
        from,
        nodes.stream().filter(node -> node.id.equals(to)).findFirst().orElseThrow());
  }

  /** What a node does when it is asked to. */
  interface Handler<T> {
    T handle(SimNode.Run run) throws IOException, RefusedRequestException;
  }

  /** A message and its answer; each may be late, lost, or come twice. */
  <T> CompletableFuture<T> call(SimNode.Run from, SimNode to, Handler<T> handler) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    long limit = SETTINGS.callLimit().toNanos();
    world.after(limit, () -> from.now(() -> fail(answer, "no answer from " + to.number)));
    if (!world.chance(lossRate)) {
      world.after(delay(), () -> deliver(from, to, handler, answer));
    }
    if (world.chance(lossRate / 4)) {
      world.after(world.between(0, SimWorld.MINUTE), () -> deliver(from, to, handler, answer));
    }
    return answer;
  }

  private static void fail(CompletableFuture<?> answer, String why) {
    answer.completeExceptionally(new IOException(why));
  }

  private long delay() {
    return world.between(SimWorld.MILLI / 10, (world.chance(0.03) ? 5000 : 5) * SimWorld.MILLI);
  }

  private <T> void deliver(
      SimNode.Run from, SimNode to, Handler<T> handler, CompletableFuture<T> answer) {
    SimNode.Run run = to.run;
    if (cut[from.node().number][to.number]) {
      return;
    }
    if (run == null) {
      world.after(delay(), () -> from.now(() -> fail(answer, to.number + " is down")));
      return;
    }
    run.now(() -> {
      Runnable reply;
      try {
        T value = handler.handle(run);
        reply = () -> answer.complete(value);
      } catch (SimDisk.PowerCut e) {
        return;
      } catch (IOException | RefusedRequestException e) {
        reply = () -> answer.completeExceptionally(e);
      }
      Runnable arriving = reply;
      if (!cut[to.number][from.node().number] && !world.chance(lossRate)) {
        world.after(delay(), () -> from.now(arriving));
      }
    });
  }

  /** Asked when a disk syncs. */
  boolean cutsPower(SimNode node) {
    boolean now = node.run != null && !quiet && world.chance(powerCutRate);
    if (now) {
      node.crash();
      restartLater(node);
    }
    return now;
  }

  /** How one node sees another, if that can be reached or not. */
  BlobNode seen(SimNode by, SimNode node, boolean out) {
    boolean live = by == node || (node.works() && reach(by.number, node.number));
    boolean placeable = !by.meta.draining.contains(node.number) && !(out && !live);
    return new BlobNode(node.id, 1, "", live, placeable, Duration.ZERO);
  }

  private boolean reach(int one, int other) {
    return !cut[one][other] && !cut[other][one];
  }

  /** Something has become reachable or unreachable: all find out sooner or later. */
  void viewsChange() {
    for (SimNode node : nodes) {
      SimNode.Run run = node.run;
      if (run != null) {
        world.after(SimWorld.SECOND / 5, 4 * SimWorld.SECOND, () -> run.now(() -> refresh(node)));
      }
    }
  }

  void refresh(SimNode node) {
    SimNode.Run run = node.run();
    List<BlobNode> view = new ArrayList<>();
    for (SimNode other : nodes) {
      if (node.meta.gone.contains(other.number)) {
        continue;
      }
      BlobNode seen = seen(node, other, run.isOut(other.number));
      if (seen.live()) {
        run.downSince.remove(other.number);
      } else if (run.downSince.putIfAbsent(other.number, world.now()) == null) {
        world.after(11 * SimWorld.MINUTE, () -> run.now(() -> refresh(node)));
      }
      view.add(seen);
    }
    if (!view.equals(run.view.nodes())) {
      run.view.set(view);
    }
  }

  /** Nobody had an answer for as long as the node stood still: so it seems to the node. */
  private void wakeUp(SimNode node, long sinceNanos) {
    SimNode.Run run = node.run;
    if (run != null) {
      for (SimNode other : nodes) {
        if (other != node) {
          run.downSince.putIfAbsent(other.number, sinceNanos);
        }
      }
      List<BlobNode> view = run.view.nodes().stream()
          .map(seen -> seen.id().equals(node.id)
              ? seen
              : new BlobNode(
                  seen.id(),
                  1,
                  "",
                  false,
                  seen.placeable() && world.now() - sinceNanos < 10 * SimWorld.MINUTE,
                  Duration.ZERO))
          .toList();
      run.view.set(view);
      viewsChange();
    }
  }

  /** Something goes wrong, and soon something else. */
  private void trouble() {
    if (quiet) {
      return;
    }
    SimNode node = nodes.get(world.random.nextInt(nodes.size()));
    switch (world.random.nextInt(9)) {
      case 0, 1 -> {
        node.crash();
        restartLater(node);
      }
      case 2 -> split();
      case 3 -> cutOneLink();
      case 4 -> stall(node);
      case 5 -> drain(node);
      case 6 -> damage(node);
      case 7 -> order(new Op.Replicas(2 + world.random.nextInt(nodes.size() - 1)));
      default -> {
        // All at once, as when the power goes in a building.
        nodes.forEach(SimNode::crash);
        nodes.forEach(this::restartLater);
      }
    }
    world.after(SimWorld.SECOND, 8 * SimWorld.MINUTE, this::trouble);
  }

  private void restartLater(SimNode node) {
    long limit = world.chance(0.2) ? 40 * SimWorld.MINUTE : 90 * SimWorld.SECOND;
    world.after(SimWorld.SECOND, limit, () -> {
      if (node.run == null) {
        world.log("restart of " + node.number);
        node.start();
      }
    });
  }

  private long troubleTime() {
    return world.between(SimWorld.SECOND, (world.chance(0.3) ? 30 : 2) * SimWorld.MINUTE);
  }

  private void split() {
    int side = 1 + world.random.nextInt((1 << nodes.size()) - 2);
    world.log("split " + Integer.toBinaryString(side));
    for (int a = 0; a < nodes.size(); a++) {
      for (int b = 0; b < nodes.size(); b++) {
        cut[a][b] |= (side >> a & 1) != (side >> b & 1);
      }
    }
    viewsChange();
    world.after(troubleTime(), this::join);
  }

  private void cutOneLink() {
    int a = world.random.nextInt(nodes.size());
    int b = world.random.nextInt(nodes.size());
    if (a != b) {
      world.log("cut " + a + " -> " + b);
      cut[a][b] = true;
      viewsChange();
      world.after(troubleTime(), this::join);
    }
  }

  private void join() {
    world.log("all connected");
    for (boolean[] row : cut) {
      Arrays.fill(row, false);
    }
    viewsChange();
  }

  private void stall(SimNode node) {
    long time = troubleTime();
    long since = world.now();
    world.log(node.number + " stalls for " + time / SimWorld.SECOND + " s");
    node.stalledUntil = Math.max(node.stalledUntil, since + time);
    viewsChange();
    world.after(time, () -> wakeUp(node, since));
  }

  private void drain(SimNode node) {
    boolean undo = !log.end().draining.isEmpty();
    int which = undo ? log.end().draining.iterator().next() : node.number;
    order(new Op.Drain(which, !undo));
  }

  private void order(Op op) {
    for (SimNode node : nodes) {
      if (node.works() && log.reachesLeader(node.number)) {
        Entry entry = new Entry(0, 0, List.of(op));
        var unused = log.propose(node.number, entry, entry);
        return;
      }
    }
  }

  /** One copy of a blob that has others, and no second damage while there is one. */
  private void damage(SimNode node) {
    if (!damages || nodes.stream().anyMatch(each -> each.disk.hasDamage())) {
      return;
    }
    for (BlobId id : node.disk.blobs()) {
      if (copies(id) > WRITE_QUORUM && node.disk.hasForGood(id)) {
        world.log("damage of " + name(id) + " on " + node.number);
        node.disk.damage(id);
        promised.remove(id); // whoever has just shown it does not have it any more
        return;
      }
    }
  }

  /** What writers were told: these are safe from now on, for as long as they are needed. */
  void acknowledged(Set<BlobId> ids) {
    acknowledgements++;
    world.log(
        "safe: " + ids.stream().map(id -> name(id) + " " + holders(id)).sorted().toList());
    ids.stream().filter(log.end().counts::containsKey).forEach(promised::add);
    world.changed();
  }

  /** A node that leaves when hardly anybody else is there cannot leave more copies than nodes. */
  void gaveUp(BlobNodes by, BlobId id) {
    if (by.nodes().stream().filter(BlobNode::placeable).count() < WRITE_QUORUM) {
      promised.remove(id);
    }
  }

  /** Which nodes have it for good. */
  private List<Integer> holders(BlobId id) {
    return nodes.stream()
        .filter(node -> node.disk.hasForGood(id))
        .map(node -> node.number)
        .toList();
  }

  private long copies(BlobId id) {
    return nodes.stream().filter(node -> node.disk.hasForGood(id)).count();
  }

  /** What always holds. */
  private void check() {
    promised.retainAll(log.end().counts.keySet());
    for (BlobId id : log.end().counts.keySet()) {
      long copies = copies(id);
      if (copies == 0) {
        throw new AssertionError(name(id) + " is needed and gone");
      }
      if (copies < WRITE_QUORUM && promised.contains(id) && !isDamaged(id)) {
        throw new AssertionError(name(id) + " is safe and only on " + holders(id));
      }
    }
  }

  private boolean isDamaged(BlobId id) {
    return damages && nodes.stream().anyMatch(node -> node.disk.hasDamage()) && copies(id) > 0;
  }

  /** Everything works again, and nobody writes. */
  private void heal() {
    world.log("--- all is well from now on");
    quiet = true;
    join();
    for (SimNode node : nodes) {
      node.stalledUntil = 0;
      if (node.run == null) {
        node.start();
      }
    }
    undrain();
  }

  private void undrain() {
    Integer which = log.end().draining.stream().findFirst().orElse(null);
    if (which != null) {
      order(new Op.Drain(which, false));
      world.after(SimWorld.SECOND, this::undrain);
    }
  }

  /** What holds in the end. */
  private void checkWhole() {
    SimMeta end = log.end();
    for (SimNode node : nodes) {
      SimNode.@Nullable Run run = node.run;
      if (run == null || !run.ready || !run.writer.isIdle() || node.meta.applied != log.length()) {
        throw new AssertionError(node.number + " has not come to rest"
            + (run == null
                ? ": down"
                : ": " + run.ready + " " + run.writer + " " + node.meta.applied + " of "
                    + log.length()));
      }
      for (BlobId id : node.disk.blobs()) {
        if (!end.counts.containsKey(id)) {
          throw new AssertionError(node.number + " still has the garbage " + name(id));
        }
      }
    }
    for (BlobId id : end.counts.keySet()) {
      List<BlobNode> placed = Placement.placed(id, nodes.get(0).run().view.nodes(), end.replicas);
      for (SimNode node : nodes) {
        boolean belongs = placed.stream().anyMatch(each -> each.id().equals(node.id));
        if (node.disk.has(id) != belongs) {
          throw new AssertionError(
              name(id) + (belongs ? " is missing on " : " is still on ") + node.number);
        }
      }
    }
  }
}

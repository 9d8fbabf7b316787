package org.cairnfs.blob;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.cairnfs.blob.SimMeta.Entry;
import org.cairnfs.blob.SimMeta.Outcome;
import org.cairnfs.core.BlobFormat;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.Replication;
import org.cairnfs.core.SizedBlob;
import org.cairnfs.store.NoSuchBlobException;
import org.jspecify.annotations.Nullable;

/**
 * A node of a {@link BlobSimulation}: what it has in memory, which a crash takes, around a disk and
 * the metadata it has applied. Everything that decides about blobs is the real thing.
 */
final class SimNode {
  private static final long OUT = 10 * SimWorld.MINUTE;
  private static final Duration SETTLE = Duration.ofSeconds(2);

  private final BlobSimulation sim;
  private final SimWorld world;
  final int number;
  final NodeId id;
  final SimDisk disk;

  /** Up, and what it is made of, until the next crash. */
  @Nullable
  Run run;

  long stalledUntil;

  /** What is applied of the log; a crash may take some of it back. */
  SimMeta meta = new SimMeta();

  SimNode(BlobSimulation sim, int number) {
    this.sim = sim;
    this.world = sim.world();
    this.number = number;
    this.id = FakeNodes.id(number);
    this.disk = new SimDisk(world);
    disk.failing(() -> sim.cutsPower(this));
  }

  boolean works() {
    return run != null && world.now() >= stalledUntil;
  }

  void start() {
    run = new Run();
    sim.viewsChange();
    run.catchUp();
  }

  void crash() {
    Run ended = run;
    if (ended != null) {
      world.log("crash of " + number);
      run = null;
      ended.timer.shutdown();
      disk.cutPower();
      // The tables are flushed now and then; the log brings back the rest.
      meta = sim.metaAt(meta.applied - world.random.nextInt(Math.min(20, meta.applied + 1)));
      sim.viewsChange();
    }
  }

  /** What runs between two crashes. */
  final class Run implements BlobCatalog {
    final SimTimer timer = new SimTimer(world, this::now);
    final FakeNodes view = new FakeNodes(id, List.of(sim.seen(SimNode.this, SimNode.this, false)));
    final Holds holds = new Holds(BlobSimulation.SETTINGS.hold(), world::now);
    final LocalBlobs local = new LocalBlobs(disk, Blocks.nothingCached(), holds);
    final BlobService service =
        new BlobService(local, () -> RepairWalk.isLeaving(SimNode.this.run().view));
    final ClusterBlobs.Peers peers = new ClusterBlobs.Peers(view, to -> sim.peer(this, to));
    final Replicator replicator = new Replicator(
        local,
        peers,
        new ClusterBlobs.Threads(timer, timer),
        new BlobBuffers(),
        (missed, to) -> {},
        BlobSimulation.SETTINGS,
        world::now);
    final BlobCollector collector =
        new BlobCollector(local, this, holds, view, replicator::ensure, timer, world::now);
    final LocalBlockStore blocks = new LocalBlockStore(
        new LocalBlockStore.Below(
            local,
            BlobSimulation.NO_DISK,
            replicator,
            this,
            collector,
            List.of(new LocalBlobSource(local)),
            Runnable::run,
            new BlobBuffers(),
            BlobSimulation.SETTINGS),
        BlobSimulation.SEALER,
        Blocks.CALLER,
        new BlockStoreLimits(0, 16, 16, 16));
    final Scrub scrub =
        new Scrub(local, BlobId.of(new byte[BlobId.SIZE_BYTES]), Duration.ZERO, () -> 0);

    /** When others were seen to go down, while they are. */
    final Map<Integer, Long> downSince = new HashMap<>();

    /** What waits to be applied here. */
    final Map<Entry, CompletableFuture<Outcome>> waiting = new HashMap<>();

    final SimWriter writer = new SimWriter(sim, SimNode.this, this);
    boolean ready;
    private boolean walking;
    private long walkDue;

    NodeId id() {
      return id;
    }

    SimNode node() {
      return SimNode.this;
    }

    boolean isOver() {
      return SimNode.this.run != this;
    }

    /** Runs it as long as this lasts; when the node is stalled, afterwards. */
    void now(Runnable task) {
      if (isOver()) {
        return;
      }
      if (world.now() < stalledUntil) {
        world.after(stalledUntil - world.now() + SimWorld.MILLI, () -> now(task));
      } else {
        task.run();
      }
    }

    /** As at the start of a node: nothing is collected before it has what the others had. */
    void catchUp() {
      int target = sim.log().length();
      world.after(
          10 * SimWorld.MILLI,
          500 * SimWorld.MILLI,
          () -> now(() -> {
            if (sim.log().reachesLeader(number)) {
              applyUpTo(target);
              begin();
            } else {
              catchUp();
            }
          }));
    }

    private void begin() {
      ready = true;
      holds.addAll();
      local.onDamaged(damaged -> walkSoon());
      view.onChange(this::walkSoon);
      collector.start();
      walkSoon();
      var unused = timer.scheduleWithFixedDelay(
          this::walkIfDue, 1, 1, java.util.concurrent.TimeUnit.SECONDS);
      unused = timer.scheduleWithFixedDelay(
          () -> scrub.step(100), 1, 30, java.util.concurrent.TimeUnit.SECONDS);
      sim.refresh(SimNode.this);
      writer.begin();
    }

    void applyUpTo(int index) {
      while (meta.applied < index) {
        Entry entry = sim.log().entry(meta.applied + 1);
        Outcome outcome = meta.apply(entry);
        if (ready) {
          List<BlobId> dropped = SimMeta.dropped(entry);
          if (outcome == Outcome.APPLIED && !dropped.isEmpty()) {
            collector.add(dropped);
          }
        }
        CompletableFuture<Outcome> waits = waiting.remove(entry);
        if (waits != null) {
          waits.complete(outcome);
        }
        writer.applied();
      }
      if (view.replication().replicas() != meta.replicas) {
        view.replication(meta.replicas, Replication.MAJORITY);
      }
    }

    /** Done when the entry is applied here. */
    CompletableFuture<Outcome> propose(Entry entry, Entry after) {
      CompletableFuture<Outcome> applied = new CompletableFuture<>();
      var unused = sim.log()
          .propose(number, entry, after)
          .whenComplete((done, problem) -> now(() -> {
            if (problem != null) {
              waiting.remove(entry);
              applied.completeExceptionally(problem);
            }
          }));
      waiting.put(entry, applied);
      return applied;
    }

    @Override
    public boolean isReferenced(BlobId blob) {
      return meta.counts.containsKey(blob);
    }

    @Override
    public boolean isKnown(BlobId blob) {
      return isReferenced(blob) || meta.garbage.contains(blob);
    }

    @Override
    public CompletableFuture<?> upToDate() {
      Entry nothing = new Entry(0, 0, List.of());
      return propose(nothing, nothing);
    }

    @Override
    public List<SizedBlob> referenced(@Nullable BlobId after, int max) {
      var rest = after == null ? meta.counts : meta.counts.tailMap(after, false);
      return rest.keySet().stream()
          .limit(max)
          .map(blob -> new SizedBlob(blob, BlobFormat.LATEST.blobLengthOf(meta.lengths.get(blob))))
          .toList();
    }

    /** A node is placeable until it was down for so long. */
    boolean isOut(int other) {
      Long since = downSince.get(other);
      return since != null && world.now() - since > OUT;
    }

    void walkSoon() {
      walkDue = world.now() + SETTLE.toNanos();
    }

    private void walkIfDue() {
      if (!walking && world.now() >= walkDue && view.nodes().size() > 1) {
        walking = true;
        walkDue = Long.MAX_VALUE;
        try {
          walk();
        } catch (IOException e) {
          walking = false;
          walkSoon();
        }
      }
    }

    private void walk() throws IOException {
      RepairWalk walk = new RepairWalk(local, this, peers, BlobSimulation.SETTINGS, world::now, 0);
      List<SizedBlob> missing = new ArrayList<>();
      List<RepairWalk.Surplus> surplus = new ArrayList<>();
      while (!walk.hasEnded()) {
        surplus.addAll(walk.nextPage((blob, counters) -> missing.add(blob), () -> false));
      }
      missing.forEach(this::fetch);
      for (RepairWalk.Surplus each : surplus) {
        var unused = each.holders().whenComplete((holders, problem) -> {
          if (problem == null) {
            // Whoever joins the answers may be slow to act on them.
            timer.execute(() -> giveUp(walk, each));
          }
        });
      }
      boolean done = missing.isEmpty() && surplus.isEmpty();
      world.after(
          (done ? 900 : 30) * SimWorld.SECOND,
          () -> now(() -> {
            walking = false;
            walkDue = Math.min(walkDue, world.now());
          }));
    }

    private void giveUp(RepairWalk walk, RepairWalk.Surplus surplus) {
      try {
        if (walk.giveUp(surplus)) {
          world.log(number + " gives up " + sim.name(surplus.blob().id()));
          sim.gaveUp(view, surplus.blob().id());
        }
      } catch (IOException e) {
        world.log(number + " cannot give up a blob: " + e);
      }
    }

    private void fetch(SizedBlob blob) {
      Deque<BlobNode> from = new ArrayDeque<>();
      List<BlobNode> order = new ArrayList<>(view.nodes());
      Collections.shuffle(order, world.random);
      order.stream().filter(node -> node.live() && !node.id().equals(id)).forEach(from::add);
      fetch(blob, from);
    }

    private void fetch(SizedBlob blob, Deque<BlobNode> from) {
      if (from.isEmpty()) {
        return;
      }
      RemoteBlobs peer = sim.peer(this, from.remove().id());
      var unused = peer.get(blob.id(), 0, blob.lengthBytes())
          .bytes()
          .whenComplete((bytes, problem) -> {
            if (problem != null) {
              fetch(blob, from);
            } else if (!Hashes.isBlob(blob.id(), bytes)) {
              peer.suspect(blob.id());
              fetch(blob, from);
            } else {
              keep(blob.id(), bytes);
            }
          });
    }

    private void keep(BlobId blob, ByteBuffer bytes) {
      try {
        if (local.keep(blob, bytes, this::isReferenced)) {
          world.log(number + " fetched " + sim.name(blob));
        }
      } catch (IOException e) {
        world.log(number + " cannot keep a blob: " + e);
      }
    }

    OptionalInt length(BlobId blob) throws IOException {
      return local.copyLengthBytes(blob);
    }

    ByteBuffer read(BlobId blob, int length) throws IOException {
      if (length(blob).orElse(0) != length) {
        throw new NoSuchBlobException(blob);
      }
      ByteBuffer bytes = ByteBuffer.allocate(length);
      local.read(blob, 0, bytes);
      return bytes.flip();
    }
  }

  Run run() {
    Run current = run;
    if (current == null) {
      throw new IllegalStateException("node " + number + " is down");
    }
    return current;
  }

  /** This node's blobs as another one reaches them. */
  static final class Remote implements RemoteBlobs {
    private final BlobSimulation sim;
    private final Run from;
    private final SimNode to;

    Remote(BlobSimulation sim, Run from, SimNode to) {
      this.sim = sim;
      this.from = from;
      this.to = to;
    }

    @Override
    public CompletableFuture<OptionalInt> hold(BlobId id) {
      return sim.call(from, to, run -> run.service.hold(id));
    }

    @Override
    public CompletableFuture<Set<BlobId>> holdAll(List<BlobId> ids) {
      return sim.call(from, to, run -> {
        List<OptionalInt> lengths = run.service.holdAll(ids);
        Set<BlobId> held = new LinkedHashSet<>(ids);
        held.removeIf(id -> lengths.get(ids.indexOf(id)).isEmpty());
        return held;
      });
    }

    @Override
    public CompletableFuture<Boolean> put(BlobId id, ByteBuffer message) {
      byte[] sent = new byte[message.remaining() - BlobId.SIZE_BYTES];
      message.duplicate().position(message.position() + BlobId.SIZE_BYTES).get(sent);
      return sim.call(from, to, run -> run.service.put(id, ByteBuffer.wrap(sent)));
    }

    @Override
    public CompletableFuture<Void> putAll(List<ByteBuffer> messages) {
      ByteBuffer sent = BlobMessages.encodeSeveral(messages);
      return sim.call(from, to, run -> {
        run.service.putAll(BlobMessages.readSeveral(sent.duplicate()));
        return null;
      });
    }

    @Override
    public CompletableFuture<Proof> prove(BlobId id) {
      long salt = sim.world().random.nextLong();
      return sim.call(from, to, run -> new Proof(salt, run.service.prove(id, salt)));
    }

    @Override
    public Fetch get(BlobId id, int offset, int length) {
      return new Fetch(new AtomicInteger(), sim.call(from, to, run -> run.read(id, length)));
    }

    @Override
    public void suspect(BlobId id) {
      var unused = sim.call(from, to, run -> run.local.isHere(id) && run.local.verify(id));
    }
  }
}

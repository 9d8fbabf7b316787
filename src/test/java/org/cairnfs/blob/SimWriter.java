package org.cairnfs.blob;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.cairnfs.blob.SimMeta.Entry;
import org.cairnfs.blob.SimMeta.Op;
import org.cairnfs.blob.SimMeta.Outcome;
import org.cairnfs.core.BlobFormat;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.PosixException;
import org.jspecify.annotations.Nullable;

/**
 * A node's use of the volume: files written, overwritten and removed, in cuts as the vfs makes
 * them, several under way; and the garbage, dropped by whoever may write.
 */
final class SimWriter {
  private static final int IN_FLIGHT_MAX = 3;
  private static final long SYNC_LIMIT = 30 * SimWorld.SECOND;

  private final BlobSimulation sim;
  private final SimWorld world;
  private final SimNode node;
  private final SimNode.Run run;

  /** Written and in no cut yet: pinned. */
  private final Map<Integer, BlobRef> pending = new LinkedHashMap<>();

  /** What the next cut does beside that, in order. */
  private final List<Op> ops = new ArrayList<>();

  private final List<Entry> inFlight = new ArrayList<>();
  private int session;
  private int cuts;
  private @Nullable Entry last;
  private boolean syncing;
  private boolean opening;

  SimWriter(BlobSimulation sim, SimNode node, SimNode.Run run) {
    this.sim = sim;
    this.world = sim.world();
    this.node = node;
    this.run = run;
  }

  void begin() {
    long pause = world.chance(0.02) ? 12 * SimWorld.MINUTE : sim.writerPause();
    world.after(
        pause,
        () -> run.now(() -> {
          step();
          begin();
        }));
  }

  private boolean mayWrite() {
    return session != 0 && node.meta.hasLease(session);
  }

  private void step() {
    if (sim.isQuiet() && !mayWrite()) {
      discardPending(); // nobody waits for the lease any more
    }
    if (sim.isQuiet() && pending.isEmpty() && ops.isEmpty()) {
      if (mayWrite()) {
        dropGarbage();
        cut();
      }
      if (session == 0) {
        open();
      }
      return;
    }
    if (session == 0) {
      open();
    } else if (mayWrite()) {
      int changes = sim.isQuiet() ? 0 : 1 + world.random.nextInt(4);
      for (int i = 0; i < changes; i++) {
        change();
      }
      if (world.chance(0.3)) {
        dropGarbage();
      }
      if (world.chance(0.6)) {
        cut();
      }
      if (world.chance(0.05) && inFlight.isEmpty() && !syncing && pending.isEmpty()) {
        close();
      }
    }
  }

  private void open() {
    if (!opening) {
      opening = true;
      int wanted = sim.nextSession();
      Entry entry = new Entry(0, 0, List.of(new Op.Open(wanted, node.number)));
      var unused = run.propose(entry, entry).whenComplete((outcome, problem) -> {
        opening = false;
        if (problem == null && node.meta.sessions.containsKey(wanted)) {
          session = wanted;
          cuts = 0;
          last = null;
        }
      });
    }
  }

  /** Lets others have their turn. */
  private void close() {
    Entry entry = new Entry(0, 0, List.of(new Op.End(session)));
    var unused = run.propose(entry, entry);
  }

  private void change() {
    int file = world.random.nextInt(BlobSimulation.FILES);
    double kind = world.random.nextDouble();
    try {
      if (kind < 0.35) {
        forget(file);
        ops.add(new Op.Remove(file));
      } else if (kind < 0.5) {
        copy(file);
      } else {
        byte[] plain = sim.content();
        BlobRef ref = run.blocks.writeNow(plain, 0, plain.length);
        world.log(node.number + " writes " + sim.name(ref.id()));
        if (kind < 0.55) {
          run.blocks.discard(ref);
        } else {
          forget(file);
          pending.put(file, ref);
        }
      }
    } catch (PosixException e) {
      world.log(node.number + " cannot write: " + e.getMessage());
    }
  }

  /** The file becomes what another one is, by what this node has applied, if that is here. */
  private void copy(int file) {
    Map.Entry<Integer, BlobId> other =
        node.meta.files.ceilingEntry(world.random.nextInt(BlobSimulation.FILES));
    if (other == null) {
      return;
    }
    BlobId id = other.getValue();
    BlobRef ref =
        new BlobRef(id, new Bytes(new byte[0]), node.meta.lengths.get(id), BlobFormat.LATEST);
    if (run.blocks.share(ref)) {
      world.log(node.number + " copies " + sim.name(id));
      forget(file);
      pending.put(file, ref);
    }
  }

  private void forget(int file) {
    BlobRef before = pending.remove(file);
    if (before != null) {
      run.blocks.discard(before);
    }
  }

  /** As this node sees it with what it has under way. */
  private void dropGarbage() {
    SimMeta ahead = node.meta.copy();
    inFlight.forEach(ahead::apply);
    ahead.apply(new Entry(session, 0, ops));
    if (!ahead.garbage.isEmpty()) {
      ops.add(new Op.Drop(List.copyOf(ahead.garbage)));
    }
  }

  private void cut() {
    if (syncing || inFlight.size() >= IN_FLIGHT_MAX || (pending.isEmpty() && ops.isEmpty())) {
      return;
    }
    Map<Integer, BlobRef> writes = new TreeMap<>(pending);
    List<Op> others = new ArrayList<>(ops);
    pending.clear();
    ops.clear();
    Set<BlobId> wanted = ids(writes);
    Set<BlobId> lost;
    try {
      lost = run.blocks.syncHere(wanted);
    } catch (PosixException e) {
      return; // the power went
    }
    writes
        .entrySet()
        .removeIf(write -> lost.contains(write.getValue().id()) && drop(write.getValue()));
    syncing = true;
    int of = session;
    CompletableFuture<Void> copies = run.blocks.stillKept(ids(writes));
    world.after(SYNC_LIMIT, () -> copies.completeExceptionally(new IllegalStateException("late")));
    var unused = copies.whenComplete((done, problem) -> run.now(() -> {
      syncing = false;
      if (problem != null || of != session) {
        // They stay for the next cut, unless they were written anew meanwhile.
        writes.forEach((file, ref) -> {
          if (pending.putIfAbsent(file, ref) != null) {
            run.blocks.discard(ref);
          }
        });
        ops.addAll(0, of == session ? others : List.of());
      } else {
        commit(writes, others);
      }
    }));
  }

  private boolean drop(BlobRef ref) {
    run.blocks.discard(ref);
    return true;
  }

  private static Set<BlobId> ids(Map<Integer, BlobRef> writes) {
    Set<BlobId> ids = new HashSet<>();
    writes.values().forEach(ref -> ids.add(ref.id()));
    return ids;
  }

  private void commit(Map<Integer, BlobRef> writes, List<Op> others) {
    List<Op> all = new ArrayList<>(others);
    writes.forEach((file, ref) -> all.add(new Op.Write(file, ref.id(), ref.plainLengthBytes())));
    Entry entry = new Entry(session, ++cuts, all);
    Entry before = last == null ? entry : last;
    last = entry;
    inFlight.add(entry);
    var unused = run.propose(entry, before).whenComplete((outcome, problem) -> {
      inFlight.remove(entry);
      if (problem != null || outcome == Outcome.FENCED) {
        writes.values().forEach(run.blocks::abandon);
        lose();
      } else {
        keep(writes);
      }
    });
  }

  private void keep(Map<Integer, BlobRef> writes) {
    var unused = run.blocks
        .stillKept(ids(writes))
        .whenComplete((done, problem) -> run.now(() -> {
          if (problem == null) {
            sim.acknowledged(ids(writes));
          }
          writes.values().forEach(run.blocks::unpin);
        }));
  }

  /** The session is over: what it did not commit is gone. */
  private void lose() {
    session = 0;
    last = null;
    discardPending();
  }

  private void discardPending() {
    pending.values().forEach(run.blocks::discard);
    pending.clear();
    ops.clear();
  }

  /** Something was applied here. */
  void applied() {
    if (session != 0 && !node.meta.sessions.containsKey(session)) {
      lose();
    }
  }

  @Override
  public String toString() {
    return "session " + session + ", " + pending.size() + " files, " + ops.size() + " changes, "
        + inFlight.size() + " in flight" + (syncing ? ", syncing" : "");
  }

  boolean isIdle() {
    return pending.isEmpty() && inFlight.isEmpty() && ops.isEmpty() && !syncing;
  }
}

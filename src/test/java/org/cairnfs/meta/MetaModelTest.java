package org.cairnfs.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.cairnfs.meta.ModelTree.CELL_BYTES;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.Extent;
import org.cairnfs.core.Extents;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.Limits;
import org.cairnfs.core.PosixException;
import org.cairnfs.core.Timestamp;
import org.cairnfs.kv.InMemoryKvStore;

/**
 * Random operations, cuts, commits and progress of the log in any order: what the session shows is
 * what a naive tree shows, at every moment; once everything is applied, the committed tables show
 * it too, and a replay of the log comes to the same.
 */
class MetaModelTest {
  private static final long CELLS_A_BLOCK = Limits.BLOCK_SIZE_BYTES / CELL_BYTES;
  private static final String NAMES = "abcdef";

  record Step(int kind, int a, int b, int c) {}

  @Provide
  Arbitrary<List<Step>> steps() {
    Arbitrary<Integer> number = Arbitraries.integers().between(0, 999);
    return Combinators.combine(Arbitraries.integers().between(0, 21), number, number, number)
        .as(Step::new)
        .list()
        .ofMinSize(1)
        .ofMaxSize(150);
  }

  @Property(tries = 400)
  void theSessionShowsWhatTheModelShows(@ForAll("steps") List<Step> steps) {
    Run run = new Run();
    for (Step step : steps) {
      run.apply(step);
      run.checkVisible();
    }
    run.settle();
    run.checkVisible();
    assertThat(run.fixture.overlaySize()).as("keys left in the overlay").isZero();
    new Invariants(run.fixture.store.reader()).check();
    run.checkReplay();
  }

  /** Written and not cut yet, as the vfs would hold it. */
  private static final class Dirty {
    final TreeMap<Long, List<Extent>> extents = new TreeMap<>();
    long size;
    Timestamp modified;
    Timestamp changed;
  }

  private record Taken(Cut cut, Map<Long, Dirty> updates) {}

  private static final class Run {
    final MetaFixture fixture = new MetaFixture(false);
    final LocalMetaSession session = fixture.session;
    final ModelTree model;
    final Deque<Taken> taken = new ArrayDeque<>();
    Map<Long, Dirty> dirty = new HashMap<>();
    final List<CompletableFuture<Void>> committed = new ArrayList<>();
    long blobs = 1;

    Run() {
      Inode root = session.inode(InodeNumber.ROOT);
      model = new ModelTree(root.modified());
      model.root.permissions = 0755;
    }

    void apply(Step step) {
      Timestamp now = fixture.tick();
      List<ModelTree.Node> directories = model.list(true);
      List<ModelTree.Node> files = model.list(false);
      ModelTree.Node directory = directories.get(step.a() % directories.size());
      ModelTree.Node other = directories.get(step.c() % directories.size());
      ModelTree.Node file = files.isEmpty() ? null : files.get(step.c() % files.size());
      String name = name(step.b());
      String newName = name(step.b() / NAMES.length());
      boolean keep = step.c() % 2 == 0;
      switch (step.kind()) {
        case 0, 1 -> create(directory, name, false, now);
        case 2 -> create(directory, name, true, now);
        case 3 -> {
          if (file != null) {
            Errno expected = model.link(file, directory, name, now);
            check(expected, () -> session.link(inode(file), inode(directory), bytes(name), now));
          }
        }
        case 4 -> {
          Errno expected = model.remove(directory, name, false, keep, now);
          check(expected, () -> session.unlink(inode(directory), bytes(name), keep, now));
        }
        case 5 -> {
          Errno expected = model.remove(directory, name, true, keep, now);
          check(expected, () -> session.removeDirectory(inode(directory), bytes(name), keep, now));
        }
        case 6, 7 -> {
          Errno expected = model.rename(directory, name, other, newName, keep, now);
          check(
              expected,
              () -> session.rename(
                  inode(directory), bytes(name), inode(other), bytes(newName), keep, now));
        }
        case 8 -> forget(step);
        case 9 -> {
          ModelTree.Node node = file == null ? directory : file;
          node.permissions = step.a() % 512;
          node.touch(now);
          session.setAttributes(
              inode(node), new AttributeChange(step.a() % 512, null, null, null, null, null, now));
        }
        case 10, 11, 12, 13 -> {
          if (file != null) {
            write(file, step, now);
          }
        }
        case 14, 15 -> {
          if (file != null) {
            resize(file, step.a() % 3 == 0 ? 0 : step.a() % 60, now);
          }
        }
        case 16 -> {
          if (file != null) {
            punch(file, step.a() % 60, 1 + step.b() % 30, now);
          }
        }
        case 17 -> {
          if (file != null) {
            xattr(file, name, step, now);
          }
        }
        case 18 -> cut();
        case 19 -> commit();
        case 20 -> fixture.log.applyNext();
        default -> maintain(step);
      }
    }

    private void create(ModelTree.Node parent, String name, boolean directory, Timestamp now) {
      int mode = (directory ? FileMode.DIRECTORY : FileMode.REGULAR) | 0640;
      try {
        Inode made =
            session.create(inode(parent), bytes(name), new NewInode(mode, 1, 2, 0, null, 0, now));
        assertThat(model.create(parent, name, made.number().value(), directory, now))
            .isNull();
      } catch (PosixException e) {
        assertThat(e.errno()).isEqualTo(model.create(parent, name, -1, directory, now));
      }
    }

    private void forget(Step step) {
      for (ModelTree.Node node : List.copyOf(model.nodes.values())) {
        if (node.links == 0 && (node.number + step.a()) % 2 == 0) {
          model.forget(node);
          session.forget(inode(node));
        }
      }
    }

    private void write(ModelTree.Node file, Step step, Timestamp now) {
      long from = step.a() % 40;
      long to = from + 1 + step.b() % 12;
      // A write within one block is one blob; blobs are used again now and then, as deduplication
      // does.
      for (long at = from; at < to; at = (at / CELLS_A_BLOCK + 1) * CELLS_A_BLOCK) {
        long end = Math.min(to, (at / CELLS_A_BLOCK + 1) * CELLS_A_BLOCK);
        long blob = step.b() % 4 == 0 ? (end - at) + 5000 : ++blobs;
        model.write(file, at, end, blob, now);
        Dirty update = dirty.computeIfAbsent(file.number, number -> new Dirty());
        int offset = (int) (at % CELLS_A_BLOCK) * CELL_BYTES;
        Extent extent = MetaFixture.extent(offset, (int) (end - at) * CELL_BYTES, blob);
        update
            .extents
            .computeIfAbsent(at / CELLS_A_BLOCK, block -> new ArrayList<>())
            .add(extent);
        update.size = Math.max(update.size, end * CELL_BYTES);
        update.modified = now;
        update.changed = now;
      }
    }

    private void resize(ModelTree.Node file, long cells, Timestamp now) {
      session.setAttributes(
          inode(file), new AttributeChange(null, null, null, cells * CELL_BYTES, null, null, now));
      model.resize(file, cells, now);
      clip(file, cells * CELL_BYTES, Long.MAX_VALUE);
      Dirty update = dirty.get(file.number);
      if (update != null) {
        update.size = Math.min(update.size, cells * CELL_BYTES);
      }
    }

    private void punch(ModelTree.Node file, long from, long count, Timestamp now) {
      session.punchHole(inode(file), from * CELL_BYTES, count * CELL_BYTES, now);
      model.punch(file, from, from + count, now);
      clip(file, from * CELL_BYTES, (from + count) * CELL_BYTES);
    }

    /** What the vfs does with its own buffers. */
    private void clip(ModelTree.Node file, long from, long to) {
      Dirty update = dirty.get(file.number);
      if (update != null) {
        update.modified = null;
        update.extents.replaceAll((block, extents) -> {
          long start = block * Limits.BLOCK_SIZE_BYTES;
          int cutFrom = (int) Math.max(0, Math.min(from - start, Limits.BLOCK_SIZE_BYTES));
          int cutTo = (int) Math.max(0, Math.min(to - start, Limits.BLOCK_SIZE_BYTES));
          return cutFrom < cutTo ? Extents.without(extents, cutFrom, cutTo) : extents;
        });
      }
    }

    private void xattr(ModelTree.Node file, String name, Step step, Timestamp now) {
      if (step.a() % 3 == 0) {
        Errno expected = file.xattrs.remove(name) == null ? Errno.ENODATA : null;
        if (expected == null) {
          file.touch(now);
        }
        check(expected, () -> session.removeXattr(inode(file), bytes(name), now));
      } else {
        file.xattrs.put(name, "v" + step.a());
        file.touch(now);
        session.setXattr(inode(file), bytes(name), bytes("v" + step.a()), false, false, now);
      }
    }

    private void cut() {
      taken.add(new Taken(session.cut(), dirty));
      dirty = new HashMap<>();
    }

    private void commit() {
      Taken oldest = taken.poll();
      if (oldest == null) {
        return;
      }
      // A ninth would wait for the log, which moves on this thread only.
      committed.removeIf(CompletableFuture::isDone);
      while (committed.size() >= SessionPipeline.MAX_IN_FLIGHT) {
        fixture.log.applyNext();
        committed.removeIf(CompletableFuture::isDone);
      }
      List<FileUpdate> updates = new ArrayList<>();
      oldest
          .updates()
          .forEach((number, update) -> updates.add(new FileUpdate(
              new InodeNumber(number),
              update.size,
              update.modified,
              update.changed,
              update.extents)));
      committed.add(oldest.cut().commit(updates));
    }

    private void maintain(Step step) {
      if (step.a() % 2 == 0) {
        session.dropGarbage(session.garbage(3));
      } else {
        session.reclaimStep();
      }
    }

    /** Everything cut, committed and applied. */
    void settle() {
      cut();
      while (!taken.isEmpty()) {
        commit();
      }
      // What stood against an update was kept until the batch that was open then: that is empty,
      // and has to pass.
      cut();
      commit();
      fixture.log.applyAll();
      while (session.reclaimStep()) {
        cut();
        commit();
        fixture.log.applyAll();
      }
    }

    private boolean isInFlight(long file) {
      return dirty.containsKey(file)
          || taken.stream().anyMatch(cut -> cut.updates().containsKey(file));
    }

    void checkVisible() {
      for (ModelTree.Node node : model.nodes.values()) {
        Inode inode = session.inode(inode(node));
        assertThat(inode.mode()).isEqualTo(ModelTree.mode(node));
        assertThat(inode.links()).as("links of %s", node.number).isEqualTo(node.links);
        if (node.directory) {
          assertThat(inode.modified()).isEqualTo(node.modified);
          assertThat(inode.changed()).isEqualTo(node.changed);
          checkEntries(node);
        } else if (!isInFlight(node.number)) {
          assertThat(inode.modified()).as("mtime of %s", node.number).isEqualTo(node.modified);
          assertThat(inode.changed()).as("ctime of %s", node.number).isEqualTo(node.changed);
          checkContent(node, inode);
        }
      }
    }

    private void checkEntries(ModelTree.Node directory) {
      SortedMap<String, Long> shown = new TreeMap<>();
      Bytes after = null;
      for (List<Dentry> page = session.list(inode(directory), null, 2);
          !page.isEmpty();
          page = session.list(inode(directory), after, 2)) {
        for (Dentry entry : page) {
          shown.put(
              new String(entry.sealedName().array(), StandardCharsets.UTF_8),
              entry.inode().value());
          after = entry.sealedName();
        }
      }
      SortedMap<String, Long> expected = new TreeMap<>();
      directory.entries.forEach((name, node) -> expected.put(name, node.number));
      assertThat(shown).as("entries of %s", directory.number).isEqualTo(expected);
    }

    private void checkContent(ModelTree.Node file, Inode inode) {
      assertThat(inode.sizeBytes())
          .as("size of %s", file.number)
          .isEqualTo(file.cells * CELL_BYTES);
      SortedMap<Long, Long> shown = new TreeMap<>();
      for (long block = 0; block <= 60 / CELLS_A_BLOCK; block++) {
        for (Extent extent : session.extents(inode(file), block)) {
          for (int at = 0; at < extent.length() / CELL_BYTES; at++) {
            long cell = block * CELLS_A_BLOCK + extent.offset() / CELL_BYTES + at;
            shown.put(
                cell, extent.blob().id().word0() * 1000 + extent.blobOffset() / CELL_BYTES + at);
          }
        }
      }
      assertThat(shown).as("content of %s", file.number).isEqualTo(file.content);
      assertThat(inode.allocatedBytes()).isEqualTo((long) file.content.size() * CELL_BYTES);
      SortedMap<String, String> xattrs = new TreeMap<>();
      for (Bytes name : session.xattrNames(inode(file))) {
        byte[] value = session.xattr(inode(file), name);
        xattrs.put(
            new String(name.array(), StandardCharsets.UTF_8),
            new String(value, StandardCharsets.UTF_8));
      }
      assertThat(xattrs).isEqualTo(file.xattrs);
    }

    /** The log, applied to an empty store that crashes on the way, comes to the same tables. */
    void checkReplay() {
      InMemoryKvStore kv = new InMemoryKvStore(MetaStore.tableNames());
      MetaStore store = new MetaStore(kv);
      List<byte[]> entries = fixture.log.applied();
      int crashAt = entries.size() / 2;
      for (int i = 0; i < entries.size(); i++) {
        if (i == crashAt / 2) {
          store.flush();
        }
        if (i == crashAt) {
          kv = kv.crash();
          store = new MetaStore(kv);
          i = (int) store.applied().index();
          crashAt = -1;
        }
        store.apply(1, i + 1, entries.get(i));
      }
      for (MetaTable table : MetaTable.values()) {
        assertThat(rows(store.reader(), table))
            .as("%s", table)
            .isEqualTo(rows(fixture.store.reader(), table));
      }
    }

    private static SortedMap<Bytes, Bytes> rows(MetaReader reader, MetaTable table) {
      SortedMap<Bytes, Bytes> rows = new TreeMap<>();
      byte[] end = {-1, -1, -1, -1, -1, -1, -1, -1, -1};
      reader.scan(table, Keys.FIRST, end, Integer.MAX_VALUE, (key, value) -> {
        rows.put(new Bytes(key), new Bytes(value));
        return true;
      });
      return rows;
    }

    private static void check(Errno expected, Runnable operation) {
      try {
        operation.run();
        assertThat(expected).as("the operation succeeded").isNull();
      } catch (PosixException e) {
        assertThat(e.errno()).isEqualTo(expected);
      }
    }

    private static InodeNumber inode(ModelTree.Node node) {
      return new InodeNumber(node.number);
    }

    private static Bytes bytes(String text) {
      return MetaFixture.name(text);
    }

    private static String name(int number) {
      return NAMES.substring(number % NAMES.length(), number % NAMES.length() + 1);
    }
  }
}

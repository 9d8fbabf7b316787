package org.cairnfs.vfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.Limits;
import org.cairnfs.core.PosixException;
import org.cairnfs.meta.AttributeChange;
import org.cairnfs.meta.Inode;
import org.cairnfs.vfs.ReferenceTree.Node;
import org.jspecify.annotations.Nullable;

/**
 * Random operations on the filesystem and on {@link ReferenceTree}: the same results, errors and
 * final trees, before and after a restart. Cuts come by the clock, by fsync, and with every size of
 * write around the boundaries of frames and blocks.
 */
final class VfsModelTest {
  private static final int STEPS = 120;
  private static final int FILE_MAX_BYTES = 3 << 20;

  /** A file copied into itself is twice as long, and soon longer than the heap. */
  private static final int COPY_MAX_BYTES = 24 << 20;

  private static final int[] EDGES = {
    0, 1, 100, 4095, 4096, 65535, 65536, 65537, 1 << 20, (1 << 20) + 1
  };

  @Property(tries = 20)
  void behavesLikeTheReference(@ForAll long seed) throws Exception {
    try (VfsFixture fixture = new VfsFixture()) {
      Run run = new Run(() -> List.of(fixture.vfs()), new Random(seed));
      for (int step = 0; step < STEPS; step++) {
        run.step();
      }
      run.compareTrees();
      run.closeAll();
      fixture.restart();
      run.compareTrees();
      fixture.vfs().sync();
      fixture.assertBlobsMatchMetadata();
    }
  }

  @Property(tries = 12)
  void behavesLikeTheReferenceOnSeveralHosts(@ForAll long seed) throws Exception {
    Random random = new Random(seed);
    try (ClusterFixture cluster = new ClusterFixture(2 + random.nextInt(2), true, seed)) {
      Run run = new Run(cluster::all, random);
      for (int step = 0; step < STEPS; step++) {
        run.step();
      }
      run.compareTrees();
      run.closeAll();
      run.compareTrees();
    }
  }

  /** An open file of one host. */
  private record Handle(Vfs vfs, long number) {}

  /** One sequence of operations, each on a host by chance, and what they have open. */
  private static final class Run {
    private final Supplier<List<LocalVfs>> hosts;
    private final Random random;
    private final ReferenceTree reference = new ReferenceTree();
    private final IdentityHashMap<Node, InodeNumber> numbers = new IdentityHashMap<>();
    private final Map<Handle, Node> handles = new LinkedHashMap<>();
    private final List<String> trace = new ArrayList<>();

    Run(Supplier<List<LocalVfs>> hosts, Random random) {
      this.hosts = hosts;
      this.random = random;
      numbers.put(reference.root, InodeNumber.ROOT);
    }

    void step() {
      switch (random.nextInt(17)) {
        case 0, 1 -> create();
        case 2 -> makeDirectory();
        case 3 -> unlink();
        case 4 -> removeDirectory();
        case 5, 6 -> rename();
        case 7 -> link();
        case 8 -> open();
        case 9 -> close();
        case 10 -> truncate();
        case 11 -> punch();
        case 12 -> sync();
        case 13 -> readAndCompare();
        case 14 -> copy();
        default -> write();
      }
    }

    private void create() {
      Node directory = anyDirectory();
      String name = anyName();
      note("create", name);
      Vfs vfs = vfs();
      Node node = both(
          () -> reference.create(directory, name, false),
          () -> {
            Opened opened = vfs.create(Caller.ROOT, number(directory), bytes(name), 0644);
            return opened;
          },
          (made, opened) -> {
            numbers.put(made, opened.inode().number());
            handles.put(new Handle(vfs, opened.handle()), made);
          });
      assertThat(node == null || !node.directory).isTrue();
    }

    private void makeDirectory() {
      Node directory = anyDirectory();
      String name = anyName();
      note("mkdir", name);
      both(
          () -> reference.create(directory, name, true),
          () -> vfs()
              .makeNode(Caller.ROOT, number(directory), bytes(name), FileMode.DIRECTORY | 0755, 0),
          (made, inode) -> numbers.put(made, inode.number()));
    }

    private void unlink() {
      Node directory = anyDirectory();
      String name = anyName();
      note("unlink", name);
      both(
          () -> reference.unlink(directory, name),
          () -> vfs().unlink(number(directory), bytes(name)));
    }

    private void removeDirectory() {
      Node directory = anyDirectory();
      String name = anyName();
      note("rmdir", name);
      both(
          () -> reference.removeDirectory(directory, name),
          () -> vfs().removeDirectory(number(directory), bytes(name)));
    }

    private void rename() {
      Node from = anyDirectory();
      Node to = anyDirectory();
      String name = anyName();
      String newName = anyName();
      note("rename", name + " " + newName);
      both(
          () -> reference.rename(from, name, to, newName),
          () -> vfs().rename(number(from), bytes(name), number(to), bytes(newName)));
    }

    private void link() {
      Node file = reference.find(anyDirectory(), anyName());
      if (file == null) {
        return;
      }
      Node directory = anyDirectory();
      String name = anyName();
      note("link", name);
      both(
          () -> reference.link(file, directory, name),
          () -> vfs().link(number(file), number(directory), bytes(name)));
    }

    private void open() {
      Node file = reference.find(anyDirectory(), anyName());
      if (file == null || file.directory) {
        return;
      }
      note("open", "");
      boolean truncate = random.nextInt(4) == 0;
      Vfs vfs = vfs();
      handles.put(new Handle(vfs, vfs.open(number(file), true, true, truncate).handle()), file);
      if (truncate) {
        file.truncate(0);
      }
    }

    private void close() {
      Handle handle = anyHandle();
      if (handle != null) {
        note("close", "");
        handle.vfs().release(handle.number(), 0, false);
        handles.remove(handle);
      }
    }

    private void write() {
      Handle handle = anyHandle();
      if (handle == null) {
        return;
      }
      byte[] content = new byte[1 + anySize() % (1 << 20)];
      random.nextBytes(content);
      int offset = anySize();
      Node file = handles.get(handle);
      boolean append = random.nextInt(4) == 0 && file.content.length < FILE_MAX_BYTES;
      note(append ? "append" : "write", offset + "+" + content.length);
      handle.vfs().write(handle.number(), offset, append, ByteBuffer.wrap(content));
      file.write(append ? file.content.length : offset, content);
    }

    private void truncate() {
      Handle handle = anyHandle();
      if (handle == null) {
        return;
      }
      int size = anySize();
      note("truncate", "" + size);
      Node file = handles.get(handle);
      AttributeChange change = new AttributeChange(
          null, null, null, (long) size, null, null, handle.vfs().now());
      Inode after = handle.vfs().setAttributes(number(file), change);
      file.truncate(size);
      assertThat(after.sizeBytes()).isEqualTo(size);
    }

    private void punch() {
      Handle handle = anyHandle();
      if (handle != null) {
        int offset = anySize();
        int length = 1 + anySize();
        note("punch", offset + "+" + length);
        handle.vfs().punchHole(handle.number(), offset, length);
        handles.get(handle).punch(offset, length);
      }
    }

    /** Whole files, also several times into one, each at the next start of a block. */
    private void copy() {
      Handle from = anyHandle();
      Handle to = anyHandle();
      if (from == null || to == null || from.vfs() != to.vfs()) {
        return;
      }
      Node source = handles.get(from);
      Node target = handles.get(to);
      int block = Limits.BLOCK_SIZE_BYTES;
      int offset = (target.content.length + block - 1) / block * block;
      if (offset + source.content.length > COPY_MAX_BYTES) {
        return;
      }
      note("copy", source.content.length + " to " + offset);
      try {
        long copied = to.vfs().copyRange(from.number(), 0, to.number(), offset, Long.MAX_VALUE);
        assertThat(copied).as(describe("copied")).isEqualTo(source.content.length);
        if (copied > 0) {
          target.write(offset, source.content.clone());
        }
      } catch (PosixException e) {
        assertThat(e.errno()).as(describe("refusal")).isEqualTo(Errno.EOPNOTSUPP);
      }
    }

    private void sync() {
      Handle handle = anyHandle();
      note("sync", "");
      if (handle == null) {
        vfs().sync();
      } else {
        handle.vfs().fsync(handle.number());
      }
    }

    private void readAndCompare() {
      Handle handle = anyHandle();
      if (handle != null) {
        note("read", "");
        compareFile(handle, handles.get(handle));
      }
    }

    void closeAll() {
      handles.keySet().forEach(handle -> handle.vfs().release(handle.number(), 0, false));
      handles.clear();
    }

    void compareTrees() {
      compareDirectory(reference.root);
    }

    private void compareDirectory(Node directory) {
      Vfs vfs = vfs();
      Inode inode = vfs.attributes(number(directory));
      assertThat(inode.links()).as(describe("links")).isEqualTo(directory.linkCount());
      long handle = vfs.openDirectory(number(directory));
      List<String> names = new ArrayList<>();
      long cookie = 0;
      for (List<DirectoryEntry> some = vfs.readDirectory(handle, cookie, 3, false);
          !some.isEmpty();
          some = vfs.readDirectory(handle, cookie, 3, false)) {
        some.forEach(entry -> names.add(new String(entry.name().array(), StandardCharsets.UTF_8)));
        cookie = some.get(some.size() - 1).cookie();
      }
      vfs.releaseDirectory(handle);
      List<String> expected = new ArrayList<>(directory.children.keySet());
      expected.addAll(List.of(".", ".."));
      assertThat(names).as(describe("names")).containsExactlyInAnyOrderElementsOf(expected);
      directory.children.forEach((name, child) -> {
        Inode found = vfs.lookup(number(directory), bytes(name));
        assertThat(found.number()).as(describe(name)).isEqualTo(number(child));
        assertThat(found.links()).as(describe("links of " + name)).isEqualTo(child.linkCount());
        if (child.directory) {
          compareDirectory(child);
        } else {
          long opened = vfs.open(number(child), true, false, false).handle();
          compareFile(new Handle(vfs, opened), child);
          vfs.release(opened, 0, false);
        }
      });
    }

    private void compareFile(Handle handle, Node file) {
      Inode inode = handle.vfs().attributes(number(file));
      assertThat(inode.sizeBytes()).as(describe("size")).isEqualTo(file.content.length);
      ByteBuffer into = ByteBuffer.allocate(file.content.length + 10);
      handle.vfs().read(handle.number(), 0, into);
      assertThat(into.position()).as(describe("bytes read")).isEqualTo(file.content.length);
      byte[] read = Arrays.copyOf(into.array(), file.content.length);
      int mismatch = Arrays.mismatch(read, file.content);
      assertThat(mismatch)
          .as(describe("first byte that differs in " + number(file)))
          .isEqualTo(-1);
    }

    private void both(Runnable onReference, Runnable onVfs) {
      both(
          () -> {
            onReference.run();
            return new Object();
          },
          () -> {
            onVfs.run();
            return new Object();
          },
          (a, b) -> {});
    }

    private <A, B> @Nullable A both(
        Supplier<A> onReference, Supplier<B> onVfs, BiConsumer<A, B> then) {
      A expected = null;
      Errno wanted = null;
      try {
        expected = onReference.get();
      } catch (PosixException e) {
        wanted = e.errno();
      }
      B actual = null;
      Errno got = null;
      try {
        actual = onVfs.get();
      } catch (PosixException e) {
        got = e.errno();
      }
      assertThat(got).as(describe("error")).isEqualTo(wanted);
      if (expected != null && actual != null) {
        then.accept(expected, actual);
      }
      return expected;
    }

    private String describe(String what) {
      return what + " after " + trace;
    }

    private void note(String operation, String arguments) {
      trace.add(operation + " " + arguments);
    }

    private Vfs vfs() {
      List<LocalVfs> all = hosts.get();
      return all.get(random.nextInt(all.size()));
    }

    private InodeNumber number(Node node) {
      return numbers.get(node);
    }

    private Node anyDirectory() {
      Node directory = reference.root;
      while (random.nextBoolean()) {
        Node child = reference.find(directory, anyName());
        if (child == null || !child.directory) {
          break;
        }
        directory = child;
      }
      return directory;
    }

    private String anyName() {
      return String.valueOf((char) ('a' + random.nextInt(4)));
    }

    private @Nullable Handle anyHandle() {
      List<Handle> open = new ArrayList<>(handles.keySet());
      return open.isEmpty() ? null : open.get(random.nextInt(open.size()));
    }

    private int anySize() {
      return random.nextInt(3) == 0
          ? random.nextInt(2 << 20)
          : EDGES[random.nextInt(EDGES.length)] + (random.nextInt(3) == 0 ? 1 << 20 : 0);
    }

    private static Bytes bytes(String name) {
      return new Bytes(name.getBytes(StandardCharsets.UTF_8));
    }
  }
}

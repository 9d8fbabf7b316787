package org.cairnfs.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.cairnfs.meta.MetaFixture.ROOT;
import static org.cairnfs.meta.MetaFixture.name;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.function.Consumer;
import java.util.stream.Stream;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.Limits;
import org.cairnfs.core.PosixException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The errno of every way an operation can fail, and that failing changes nothing. */
class SessionErrnoTest {
  private static final InodeNumber GONE = new InodeNumber(999_999);
  private static final Bytes LONG_NAME = new Bytes(new byte[Inodes.SEALED_NAME_MAX_BYTES + 1]);

  /**
   * A volume with: file {@code f} (also {@code g}), empty directory {@code d}, directory {@code e}
   * with a file {@code in} and a directory {@code sub}, symlink {@code s}, and the inode of a
   * directory that was removed while open.
   */
  private static final class Tree {
    final MetaFixture fixture = new MetaFixture(true);
    final MetaSession session = fixture.session;
    final InodeNumber file = fixture.file(ROOT, "f").number();
    final InodeNumber empty = fixture.directory(ROOT, "d").number();
    final InodeNumber full = fixture.directory(ROOT, "e").number();
    final InodeNumber inner = fixture.file(full, "in").number();
    final InodeNumber sub = fixture.directory(full, "sub").number();
    final InodeNumber symlink = session
        .create(
            ROOT,
            name("s"),
            new NewInode(FileMode.SYMLINK | 0777, 0, 0, 0, name("t"), 1, fixture.tick()))
        .number();
    final InodeNumber removed = fixture.directory(ROOT, "gone").number();

    Tree() {
      session.link(file, ROOT, name("g"), fixture.tick());
      session.removeDirectory(ROOT, name("gone"), true, fixture.tick());
      session.setXattr(file, name("x"), name("v"), false, false, fixture.tick());
      fixture.commit().join();
    }

    NewInode regular() {
      return new NewInode(FileMode.REGULAR | 0600, 0, 0, 0, null, 0, fixture.tick());
    }

    void rename(InodeNumber from, String name, InodeNumber to, String newName) {
      session.rename(from, name(name), to, name(newName), false, fixture.tick());
    }
  }

  private static Arguments row(String what, Errno errno, Consumer<Tree> operation) {
    return arguments(what, errno, operation);
  }

  static Stream<Arguments> failures() {
    return Stream.of(
        row("inode: gone", Errno.ENOENT, t -> t.session.inode(GONE)),
        row("lookup: directory gone", Errno.ENOENT, t -> t.session.lookup(GONE, name("a"))),
        row("lookup: in a file", Errno.ENOTDIR, t -> t.session.lookup(t.file, name("a"))),
        row("list: in a file", Errno.ENOTDIR, t -> t.session.list(t.file, null, 1)),
        row("list: gone", Errno.ENOENT, t -> t.session.list(GONE, null, 1)),
        row("extents: gone", Errno.ENOENT, t -> t.session.extents(GONE, 0)),
        row("xattr: gone", Errno.ENOENT, t -> t.session.xattr(GONE, name("x"))),
        row("xattrNames: gone", Errno.ENOENT, t -> t.session.xattrNames(GONE)),
        row(
            "create: name taken",
            Errno.EEXIST,
            t -> t.session.create(ROOT, name("f"), t.regular())),
        row(
            "create: parent gone",
            Errno.ENOENT,
            t -> t.session.create(GONE, name("n"), t.regular())),
        row(
            "create: parent is a file",
            Errno.ENOTDIR,
            t -> t.session.create(t.file, name("n"), t.regular())),
        row(
            "create: parent removed",
            Errno.ENOENT,
            t -> t.session.create(t.removed, name("n"), t.regular())),
        row(
            "create: name too long",
            Errno.ENAMETOOLONG,
            t -> t.session.create(ROOT, LONG_NAME, t.regular())),
        row("create: no name", Errno.EINVAL, t -> t.session.create(ROOT, name(""), t.regular())),
        row(
            "create: no type",
            Errno.EINVAL,
            t -> t.session.create(
                ROOT, name("n"), new NewInode(0644, 0, 0, 0, null, 0, t.fixture.tick()))),
        row(
            "create: symlink without a target",
            Errno.EINVAL,
            t -> t.session.create(
                ROOT,
                name("n"),
                new NewInode(FileMode.SYMLINK, 0, 0, 0, null, 0, t.fixture.tick()))),
        row(
            "link: inode gone",
            Errno.ENOENT,
            t -> t.session.link(GONE, ROOT, name("n"), t.fixture.tick())),
        row(
            "link: to a directory",
            Errno.EPERM,
            t -> t.session.link(t.empty, ROOT, name("n"), t.fixture.tick())),
        row(
            "link: name taken",
            Errno.EEXIST,
            t -> t.session.link(t.file, ROOT, name("d"), t.fixture.tick())),
        row(
            "link: into a file",
            Errno.ENOTDIR,
            t -> t.session.link(t.file, t.inner, name("n"), t.fixture.tick())),
        row(
            "link: into a removed directory",
            Errno.ENOENT,
            t -> t.session.link(t.file, t.removed, name("n"), t.fixture.tick())),
        row(
            "unlink: no such name",
            Errno.ENOENT,
            t -> t.session.unlink(ROOT, name("n"), false, t.fixture.tick())),
        row(
            "unlink: a directory",
            Errno.EISDIR,
            t -> t.session.unlink(ROOT, name("d"), false, t.fixture.tick())),
        row(
            "unlink: in a file",
            Errno.ENOTDIR,
            t -> t.session.unlink(t.file, name("n"), false, t.fixture.tick())),
        row(
            "rmdir: no such name",
            Errno.ENOENT,
            t -> t.session.removeDirectory(ROOT, name("n"), false, t.fixture.tick())),
        row(
            "rmdir: a file",
            Errno.ENOTDIR,
            t -> t.session.removeDirectory(ROOT, name("f"), false, t.fixture.tick())),
        row(
            "rmdir: not empty",
            Errno.ENOTEMPTY,
            t -> t.session.removeDirectory(ROOT, name("e"), false, t.fixture.tick())),
        row("rename: no such name", Errno.ENOENT, t -> t.rename(ROOT, "n", ROOT, "m")),
        row("rename: from gone", Errno.ENOENT, t -> t.rename(GONE, "n", ROOT, "m")),
        row("rename: to gone", Errno.ENOENT, t -> t.rename(ROOT, "f", GONE, "m")),
        row(
            "rename: to a removed directory",
            Errno.ENOENT,
            t -> t.rename(ROOT, "f", t.removed, "m")),
        row("rename: from in a file", Errno.ENOTDIR, t -> t.rename(t.file, "n", ROOT, "m")),
        row("rename: to in a file", Errno.ENOTDIR, t -> t.rename(ROOT, "d", t.file, "m")),
        row("rename: directory over file", Errno.ENOTDIR, t -> t.rename(ROOT, "d", ROOT, "f")),
        row("rename: file over directory", Errno.EISDIR, t -> t.rename(ROOT, "f", ROOT, "d")),
        row(
            "rename: directory over full one",
            Errno.ENOTEMPTY,
            t -> t.rename(ROOT, "d", ROOT, "e")),
        row("rename: file over full directory", Errno.EISDIR, t -> t.rename(ROOT, "f", ROOT, "e")),
        row("rename: directory into itself", Errno.EINVAL, t -> t.rename(ROOT, "e", t.full, "m")),
        row("rename: directory below itself", Errno.EINVAL, t -> t.rename(ROOT, "e", t.sub, "m")),
        row(
            "rename: over its own parent",
            Errno.ENOTEMPTY,
            t -> t.rename(t.full, "sub", ROOT, "e")),
        row(
            "rename: name too long",
            Errno.ENAMETOOLONG,
            t -> t.session.rename(ROOT, name("f"), ROOT, LONG_NAME, false, t.fixture.tick())),
        row("setattr: gone", Errno.ENOENT, t -> t.session.setAttributes(GONE, t.fixture.size(1))),
        row(
            "truncate: a directory",
            Errno.EISDIR,
            t -> t.session.setAttributes(t.empty, t.fixture.size(1))),
        row(
            "truncate: a symlink",
            Errno.EINVAL,
            t -> t.session.setAttributes(t.symlink, t.fixture.size(1))),
        row(
            "truncate: negative",
            Errno.EINVAL,
            t -> t.session.setAttributes(t.file, t.fixture.size(-1))),
        row(
            "truncate: too large",
            Errno.EFBIG,
            t -> t.session.setAttributes(t.file, t.fixture.size(Limits.FILE_SIZE_MAX_BYTES + 1))),
        row("punch: gone", Errno.ENOENT, t -> t.session.punchHole(GONE, 0, 1, t.fixture.tick())),
        row(
            "punch: a directory",
            Errno.EISDIR,
            t -> t.session.punchHole(t.empty, 0, 1, t.fixture.tick())),
        row(
            "punch: nothing",
            Errno.EINVAL,
            t -> t.session.punchHole(t.file, 0, 0, t.fixture.tick())),
        row(
            "punch: negative",
            Errno.EINVAL,
            t -> t.session.punchHole(t.file, -1, 5, t.fixture.tick())),
        row(
            "punch: too many blocks",
            Errno.EINVAL,
            t -> t.session.punchHole(
                t.file,
                1,
                (long) MetaSession.MAX_PUNCH_BLOCKS * Limits.BLOCK_SIZE_BYTES,
                t.fixture.tick())),
        row(
            "setxattr: gone",
            Errno.ENOENT,
            t -> t.session.setXattr(GONE, name("x"), name("v"), false, false, t.fixture.tick())),
        row(
            "setxattr: must be new",
            Errno.EEXIST,
            t -> t.session.setXattr(t.file, name("x"), name("w"), true, false, t.fixture.tick())),
        row(
            "setxattr: must exist",
            Errno.ENODATA,
            t -> t.session.setXattr(t.file, name("y"), name("w"), false, true, t.fixture.tick())),
        row(
            "setxattr: value too long",
            Errno.E2BIG,
            t -> t.session.setXattr(
                t.file,
                name("y"),
                new Bytes(new byte[Limits.XATTR_VALUE_MAX_BYTES + 100]),
                false,
                false,
                t.fixture.tick())),
        row(
            "removexattr: absent",
            Errno.ENODATA,
            t -> t.session.removeXattr(t.file, name("y"), t.fixture.tick())),
        row(
            "removexattr: gone",
            Errno.ENOENT,
            t -> t.session.removeXattr(GONE, name("x"), t.fixture.tick())));
  }

  @ParameterizedTest(name = "{0} is {1}")
  @MethodSource("failures")
  void failsWithTheErrnoOfTheManPageAndChangesNothing(
      String what, Errno errno, Consumer<Tree> operation) {
    Tree tree = new Tree();
    long overlay = tree.fixture.overlaySize();

    try {
      operation.accept(tree);
      throw new AssertionError(what + " succeeded");
    } catch (PosixException e) {
      assertThat(e.errno()).isEqualTo(errno);
    }

    assertThat(tree.fixture.overlaySize()).isEqualTo(overlay);
    assertThat(tree.session.pendingOperations()).isZero();
    new Invariants(tree.fixture.store.reader()).check();
  }
}

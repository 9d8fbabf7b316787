package org.cairnfs.vfs;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.cairnfs.CrashHistory;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.meta.AttributeChange;
import org.cairnfs.meta.Inode;

/** Files of a {@link Vfs} by path, in the root and in a directory {@code d}. */
final class VfsFiles implements CrashHistory.Target {
  private static final int LIST_MAX = 100;

  private final Vfs vfs;

  VfsFiles(Vfs vfs) {
    this.vfs = vfs;
  }

  void makeDirectory() {
    Inode unused =
        vfs.makeNode(Caller.ROOT, InodeNumber.ROOT, bytes("d"), FileMode.DIRECTORY | 0755, 0);
  }

  @Override
  public void create(String name) {
    Opened opened = vfs.create(Caller.ROOT, parent(name), last(name), 0644);
    vfs.release(opened.handle(), 0, false);
  }

  @Override
  public void write(String name, int offset, byte[] bytes) {
    withOpen(name, handle -> {
      vfs.write(handle, offset, false, ByteBuffer.wrap(bytes));
      vfs.flush(handle, 0);
    });
  }

  @Override
  public void truncate(String name, int sizeBytes) {
    Inode unused = vfs.setAttributes(
        number(name),
        new AttributeChange(null, null, null, (long) sizeBytes, null, null, vfs.now()));
  }

  @Override
  public void rename(String name, String newName) {
    vfs.rename(parent(name), last(name), parent(newName), last(newName));
  }

  @Override
  public void delete(String name) {
    vfs.unlink(parent(name), last(name));
  }

  @Override
  public void sync(String name) {
    withOpen(name, vfs::fsync);
  }

  /** A handle to read and write with, the caller's to release. */
  long open(String name) {
    return vfs.open(number(name), true, true, false).handle();
  }

  byte[] read(String name) {
    int size = (int) vfs.attributes(number(name)).sizeBytes();
    ByteBuffer into = ByteBuffer.allocate(size + 1);
    withOpen(name, handle -> vfs.read(handle, 0, into));
    vfs.accessed(number(name)); // as a mount says
    return Arrays.copyOf(into.array(), into.position());
  }

  /** Every file with its content. */
  Map<String, byte[]> readAll() {
    Map<String, byte[]> found = new TreeMap<>();
    readAll(InodeNumber.ROOT, "", found);
    return found;
  }

  private void readAll(InodeNumber directory, String prefix, Map<String, byte[]> found) {
    long handle = vfs.openDirectory(directory);
    for (DirectoryEntry entry : vfs.readDirectory(handle, 0, LIST_MAX, false)) {
      String name = new String(entry.name().array(), StandardCharsets.UTF_8);
      if (!name.startsWith(".")) {
        Inode inode = vfs.lookup(directory, entry.name());
        if (FileMode.isDirectory(inode.mode())) {
          readAll(inode.number(), prefix + name + "/", found);
        } else {
          found.put(prefix + name, read(prefix + name));
        }
      }
    }
    vfs.releaseDirectory(handle);
  }

  private interface Use {
    void with(long handle);
  }

  private void withOpen(String name, Use use) {
    long handle = open(name);
    try {
      use.with(handle);
    } finally {
      vfs.release(handle, 0, false);
    }
  }

  private InodeNumber number(String name) {
    return vfs.lookup(parent(name), last(name)).number();
  }

  private InodeNumber parent(String name) {
    return name.startsWith("d/")
        ? vfs.lookup(InodeNumber.ROOT, bytes("d")).number()
        : InodeNumber.ROOT;
  }

  private static Bytes last(String name) {
    return bytes(name.substring(name.indexOf('/') + 1));
  }

  private static Bytes bytes(String name) {
    return new Bytes(name.getBytes(StandardCharsets.UTF_8));
  }
}

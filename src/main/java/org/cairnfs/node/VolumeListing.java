package org.cairnfs.node;

import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.util.List;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.PosixException;
import org.cairnfs.meta.Inode;
import org.cairnfs.node.admin.AdminConnection;
import org.cairnfs.proto.AdminEntries;
import org.cairnfs.proto.AdminEntry;
import org.cairnfs.proto.AdminResponse;
import org.cairnfs.vfs.DirectoryEntry;
import org.cairnfs.vfs.Vfs;
import org.jspecify.annotations.Nullable;

/** Lists directories of the volume over the admin socket, page by page. Thread-safe. */
final class VolumeListing {
  /** A page of the longest names and symlink targets fits in a message. */
  private static final int ENTRIES_PER_PAGE = 100;

  private final Vfs vfs;
  private final VolumePaths paths;

  VolumeListing(Vfs vfs) {
    this.vfs = vfs;
    this.paths = new VolumePaths(vfs);
  }

  /** Sends the entries of the directory, or the one entry if the path names something else. */
  void list(byte[] path, AdminConnection connection) throws IOException {
    VolumePaths.Place place = paths.locate(path, true);
    @Nullable Inode inode = place.inode();
    if (inode == null) {
      throw new PosixException(Errno.ENOENT, "list");
    }
    if (!FileMode.isDirectory(inode.mode())) {
      send(connection, AdminEntries.newBuilder().addEntries(entry(new Bytes(path), inode)));
      return;
    }
    long handle = vfs.openDirectory(inode.number());
    try {
      List<DirectoryEntry> names = vfs.readDirectory(handle, 0, ENTRIES_PER_PAGE, true);
      while (!names.isEmpty()) {
        send(connection, page(names));
        long cookie = names.get(names.size() - 1).cookie();
        names = vfs.readDirectory(handle, cookie, ENTRIES_PER_PAGE, true);
      }
    } finally {
      vfs.releaseDirectory(handle);
    }
  }

  private AdminEntries.Builder page(List<DirectoryEntry> names) {
    AdminEntries.Builder page = AdminEntries.newBuilder();
    for (DirectoryEntry name : names) {
      if (VolumePaths.isDot(name.name())) {
        continue;
      }
      try {
        Inode told = name.attributes();
        page.addEntries(entry(name.name(), told != null ? told : vfs.attributes(name.inode())));
      } catch (PosixException e) {
        // ENOENT: removed since its name was read, which is as if it had been before.
        if (e.errno() != Errno.ENOENT) {
          throw e;
        }
      }
    }
    return page;
  }

  private AdminEntry entry(Bytes name, Inode inode) {
    AdminEntry.Builder entry = AdminEntry.newBuilder()
        .setName(UnsafeByteOperations.unsafeWrap(name.array()))
        .setMode(inode.mode())
        .setLinks(inode.links())
        .setUid(inode.uid())
        .setGid(inode.gid())
        .setSizeBytes(inode.sizeBytes())
        .setModifiedSeconds(inode.modified().seconds())
        .setInode(inode.number().value());
    if (FileMode.isSymlink(inode.mode())) {
      entry.setSymlinkTarget(
          UnsafeByteOperations.unsafeWrap(vfs.readSymlink(inode.number()).array()));
    }
    return entry.build();
  }

  private static void send(AdminConnection connection, AdminEntries.Builder page)
      throws IOException {
    connection.send(AdminResponse.newBuilder().setEntries(page).build());
  }
}

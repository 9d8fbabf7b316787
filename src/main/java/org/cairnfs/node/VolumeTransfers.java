package org.cairnfs.node;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.cairnfs.meta.Inode;
import org.cairnfs.node.admin.AdminConnection;
import org.cairnfs.proto.AdminChunk;
import org.cairnfs.proto.AdminPutRequest;
import org.cairnfs.proto.AdminReady;
import org.cairnfs.proto.AdminResponse;
import org.cairnfs.vfs.Caller;
import org.cairnfs.vfs.DirectoryEntry;
import org.cairnfs.vfs.Vfs;
import org.jspecify.annotations.Nullable;

/**
 * Moves files in and out of the volume through the admin socket, at constant memory. Failures are
 * PosixExceptions.
 *
 * <p>Thread-safe; a call blocks for as long as the other side takes.
 */
final class VolumeTransfers {
  private static final long NO_LOCK_OWNER = 0;
  private static final int NAMES_PER_CALL = 128;
  private static final int DEPTH_MAX = 2048;
  private static final int RANDOM_NAME_BYTES = 12;
  private static final String UNFINISHED_PREFIX = ".cairn-put-";

  private final Vfs vfs;
  private final NameChanges changes;
  private final VolumePaths paths;
  private final SecureRandom random;

  /**
   * Is told of names that stand for something else now, so that mounts do not answer from what the
   * kernel has cached.
   */
  @FunctionalInterface
  interface NameChanges {
    void changed(InodeNumber parent, Bytes name);
  }

  VolumeTransfers(Vfs vfs, NameChanges changes, SecureRandom random) {
    this.vfs = vfs;
    this.changes = changes;
    this.paths = new VolumePaths(vfs);
    this.random = random;
  }

  /** Sends the file: its length, then its bytes in chunks. */
  void get(byte[] path, AdminConnection connection) throws IOException {
    Inode file = paths.resolve(path, true);
    requireRegular(file);
    long handle = vfs.open(file.number(), true, false, false).handle();
    try {
      vfs.accessed(file.number());
      connection.send(AdminResponse.newBuilder()
          .setReady(AdminReady.newBuilder().setTotalBytes(file.sizeBytes()))
          .build());
      ByteBuffer buffer = ByteBuffer.allocate(AdminConnection.CHUNK_MAX_BYTES);
      long offset = 0;
      while (true) {
        vfs.read(handle, offset, buffer.clear());
        if (buffer.position() == 0) {
          return;
        }
        ByteString data = UnsafeByteOperations.unsafeWrap(buffer.array(), 0, buffer.position());
        connection.send(AdminResponse.newBuilder()
            .setChunk(AdminChunk.newBuilder().setData(data))
            .build());
        offset += buffer.position();
      }
    } finally {
      vfs.release(handle, NO_LOCK_OWNER, false);
    }
  }

  /**
   * Receives a file. It is written under a name of its own and takes its place by a rename once it
   * is complete and durable, so that nobody sees half of it and an interrupted put changes nothing.
   */
  void put(AdminPutRequest request, AdminConnection connection) throws IOException {
    Caller caller = new Caller(request.getUid(), request.getGid(), 0);
    Target target = targetOf(request, caller);
    Bytes unfinished = unfinishedName();
    int mode = FileMode.REGULAR
        | (target.replaced() == null ? request.getMode() : target.replaced().mode());
    long handle = vfs.create(
            caller, target.directory(), unfinished, mode & (FileMode.TYPE_MASK | 0777))
        .handle();
    boolean placed = false;
    try {
      connection.send(
          AdminResponse.newBuilder().setReady(AdminReady.getDefaultInstance()).build());
      receiveInto(handle, connection);
      vfs.flush(handle, NO_LOCK_OWNER);
      vfs.rename(target.directory(), unfinished, target.directory(), target.name());
      placed = true;
      changes.changed(target.directory(), target.name());
      vfs.fsync(handle);
    } finally {
      vfs.release(handle, NO_LOCK_OWNER, false);
      if (!placed) {
        vfs.unlink(target.directory(), unfinished);
      }
    }
  }

  private void receiveInto(long handle, AdminConnection connection) throws IOException {
    long offset = 0;
    boolean last = false;
    while (!last) {
      @Nullable AdminChunk chunk = connection.receive(AdminChunk.parser());
      if (chunk == null) {
        throw new IOException("the command hung up before the end of the file");
      }
      ByteBuffer data = chunk.getData().asReadOnlyByteBuffer();
      int length = data.remaining();
      if (length > 0) {
        vfs.write(handle, offset, false, data);
        offset += length;
      }
      last = chunk.getLast();
    }
  }

  /** Where a put file goes, and what is there now. */
  private record Target(
      InodeNumber directory, Bytes name, @Nullable Inode replaced) {}

  private Target targetOf(AdminPutRequest request, Caller caller) {
    byte[] path = request.getPath().toByteArray();
    if (request.getParents()) {
      makeParents(path, caller);
    }
    VolumePaths.Place place = paths.locate(path, true);
    @Nullable Inode present = place.inode();
    if (path.length > 0 && path[path.length - 1] == '/') {
      present = VolumePaths.requireDirectory(present);
    }
    if (present != null
        && FileMode.isDirectory(present.mode())
        && !request.getSourceName().isEmpty()) {
      Bytes name = new Bytes(request.getSourceName().toByteArray());
      place = new VolumePaths.Place(present.number(), name, paths.find(present.number(), name));
      present = place.inode();
    }
    if (present != null) {
      requireRegular(present);
    }
    @Nullable Bytes name = place.name();
    if (name == null) {
      throw new PosixException(Errno.EISDIR, "put");
    }
    return new Target(place.parent(), name, present);
  }

  private void makeParents(byte[] path, Caller caller) {
    for (int i = 1; i < path.length; i++) {
      if (path[i] != '/' || path[i - 1] == '/') {
        continue;
      }
      VolumePaths.Place place = paths.locate(Arrays.copyOf(path, i), true);
      @Nullable Bytes name = place.name();
      if (place.inode() == null && name != null) {
        vfs.makeNode(caller, place.parent(), name, FileMode.DIRECTORY | 0755, 0);
        changes.changed(place.parent(), name);
      }
    }
  }

  private Bytes unfinishedName() {
    byte[] bytes = new byte[RANDOM_NAME_BYTES];
    random.nextBytes(bytes);
    return new Bytes(
        (UNFINISHED_PREFIX + HexFormat.of().formatHex(bytes)).getBytes(StandardCharsets.US_ASCII));
  }

  /**
   * Removes what the path names, without following a symbolic link at its end, and makes that
   * durable.
   */
  void remove(byte[] path, boolean recursive) {
    VolumePaths.Place place = paths.locate(path, false);
    @Nullable Inode inode = place.inode();
    @Nullable Bytes name = place.name();
    if (inode == null) {
      throw new PosixException(Errno.ENOENT, "remove");
    } else if (name == null) {
      throw new PosixException(Errno.EBUSY, "remove of the root or of ..");
    }
    if (!FileMode.isDirectory(inode.mode())) {
      vfs.unlink(place.parent(), name);
    } else if (recursive) {
      removeTree(inode.number(), 0);
      vfs.removeDirectory(place.parent(), name);
    } else {
      throw new PosixException(Errno.EISDIR, "remove");
    }
    changes.changed(place.parent(), name);
    vfs.sync();
  }

  private void removeTree(InodeNumber directory, int depth) {
    if (depth > DEPTH_MAX) {
      throw new PosixException(
          Errno.ENAMETOOLONG, "directories nested more than " + DEPTH_MAX + " deep");
    }
    long handle = vfs.openDirectory(directory);
    try {
      long cookie = 0;
      List<DirectoryEntry> page = vfs.readDirectory(handle, cookie, NAMES_PER_CALL, false);
      while (!page.isEmpty()) {
        for (DirectoryEntry entry : page) {
          cookie = entry.cookie();
          removeEntry(directory, entry, depth);
        }
        page = vfs.readDirectory(handle, cookie, NAMES_PER_CALL, false);
      }
    } finally {
      vfs.releaseDirectory(handle);
    }
  }

  private void removeEntry(InodeNumber directory, DirectoryEntry entry, int depth) {
    if (VolumePaths.isDot(entry.name())) {
      return;
    }
    if (FileMode.isDirectory(entry.type())) {
      removeTree(entry.inode(), depth + 1);
      vfs.removeDirectory(directory, entry.name());
    } else {
      vfs.unlink(directory, entry.name());
    }
  }

  private static void requireRegular(Inode inode) {
    if (FileMode.isDirectory(inode.mode())) {
      throw new PosixException(Errno.EISDIR, "transfer");
    } else if (!FileMode.isRegular(inode.mode())) {
      throw new PosixException(Errno.EINVAL, "transfer of a special file");
    }
  }
}

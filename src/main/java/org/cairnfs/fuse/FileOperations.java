package org.cairnfs.fuse;

import java.nio.ByteBuffer;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.PosixException;
import org.cairnfs.fuse.Callbacks.PPIP;
import org.cairnfs.fuse.Callbacks.PPIPPP;
import org.cairnfs.fuse.Callbacks.PPP;
import org.cairnfs.fuse.Callbacks.PPPIP;
import org.cairnfs.fuse.Callbacks.PPPPP;
import org.cairnfs.fuse.Callbacks.PPPPPP;
import org.cairnfs.fuse.OperationTable.Slot;
import org.cairnfs.vfs.Opened;
import org.cairnfs.vfs.Vfs;

/** The operations on open files. */
final class FileOperations {
  // Modes of fallocate(2).
  private static final int KEEP_SIZE = 1;
  private static final int PUNCH_HOLE = 2;

  private final Vfs vfs;
  private final OpenHandles handles;
  private final AccessTimes accessTimes;
  private final Preload preload;
  private final KernelPages pages;

  FileOperations(
      Vfs vfs, OpenHandles handles, AccessTimes accessTimes, Preload preload, KernelPages pages) {
    this.vfs = vfs;
    this.handles = handles;
    this.accessTimes = accessTimes;
    this.preload = preload;
    this.pages = pages;
  }

  void register(OperationTable table) {
    table.set(
        Slot.OPEN,
        PPP.class,
        (req, inode, fileInfo) ->
            Boundary.serveFound(req, request -> open(request, inode, fileInfo)));
    table.set(
        Slot.CREATE,
        PPPIP.class,
        (req, parent, name, mode, fileInfo) ->
            Boundary.serve(req, request -> create(request, parent, name, mode, fileInfo)));
    table.set(
        Slot.READ,
        PPPPP.class,
        (req, inode, size, offset, fileInfo) ->
            Boundary.serve(req, request -> read(request, inode, size, offset, fileInfo)));
    table.set(
        Slot.WRITE,
        PPPPPP.class,
        (req, inode, data, size, offset, fileInfo) -> Boundary.serve(req, request -> {
          if (Worker.isServing(NewerRequest.COPY_RANGE)) {
            copy(request, CopyRequest.current());
          } else {
            write(request, inode, data, size, offset, fileInfo);
          }
        }));
    table.set(
        Slot.FLUSH,
        PPP.class,
        (req, inode, fileInfo) -> Boundary.serve(req, request -> flush(request, fileInfo)));
    table.set(
        Slot.RELEASE,
        PPP.class,
        (req, inode, fileInfo) -> Boundary.serve(req, request -> release(request, fileInfo)));
    table.set(
        Slot.FSYNC,
        PPIP.class,
        (req, inode, dataOnly, fileInfo) ->
            Boundary.serve(req, request -> fsync(request, fileInfo)));
    table.set(
        Slot.FALLOCATE,
        PPIPPP.class,
        (req, inode, mode, offset, length, fileInfo) -> Boundary.serve(
            req, request -> allocate(request, inode, mode, offset, length, fileInfo)));
  }

  private void open(Request request, long inode, long fileInfo) {
    InodeNumber number = new InodeNumber(inode);
    boolean truncating = FileInfo.truncating(fileInfo);
    if (truncating && PrivilegeBits.clearedByOpen() && PrivilegeBits.clear(vfs, number)) {
      pages.attributesChanged(number);
    }
    pages.awaitForgotten();
    Opened opened =
        vfs.open(number, FileInfo.forReading(fileInfo), FileInfo.forWriting(fileInfo), truncating);
    if (truncating) {
      pages.contentsChanged(number, 0, KernelPages.END);
    }
    handles.opened(opened.handle());
    FileInfo.setOpened(fileInfo, opened.handle(), opened.keepCache());
    if (FileInfo.forWriting(fileInfo)) {
      preload.written(number);
    } else {
      preload.opened(request, opened, FileInfo.flags(fileInfo));
    }
    if (!request.opened(fileInfo)) {
      abandon(opened.handle());
    }
  }

  /**
   * Creates and opens. When somebody else created the name after the kernel had looked it up,
   * opening what is there instead would go past the kernel's permission check and its handling of
   * symlinks; ESTALE makes it look again and open that.
   */
  private void create(Request request, long parent, long nameAddress, int mode, long fileInfo) {
    Bytes name = NativeMemory.getName(nameAddress);
    Opened opened;
    try {
      int regular = (mode & FileMode.PERMISSION_MASK) | FileMode.REGULAR;
      opened = vfs.create(request.caller(), new InodeNumber(parent), name, regular);
    } catch (PosixException refused) {
      if (refused.errno() != Errno.EEXIST || FileInfo.exclusive(fileInfo)) {
        throw refused;
      }
      request.failed(Errno.ESTALE);
      return;
    }
    handles.opened(opened.handle());
    FileInfo.setOpened(fileInfo, opened.handle(), opened.keepCache());
    preload.written(opened.inode().number());
    if (!request.created(opened.inode(), fileInfo)) {
      abandon(opened.handle());
    }
  }

  /** Releases a handle that the kernel did not take. */
  private void abandon(long handle) {
    handles.released(handle);
    vfs.release(handle, 0, false);
  }

  private void read(Request request, long inode, long size, long offset, long fileInfo) {
    long handle = FileInfo.handle(fileInfo);
    vfs.read(handle, offset, request.answerBuffer(size));
    accessTimes.read(new InodeNumber(inode), handle);
    request.data();
  }

  private void write(
      Request request, long inode, long data, long size, long offset, long fileInfo) {
    ByteBuffer from = Worker.payload(data, size);
    vfs.write(FileInfo.handle(fileInfo), offset, FileInfo.appending(fileInfo), from);
    InodeNumber number = new InodeNumber(inode);
    if (PrivilegeBits.clearedByWrite() && PrivilegeBits.clear(vfs, number)) {
      // The answer to a write carries no attributes; the kernel would go on to believe the old
      // mode, even for execve(2).
      pages.attributesChanged(number);
    }
    boolean appending = FileInfo.appending(fileInfo);
    pages.contentsChanged(
        number, appending ? 0 : offset, appending ? KernelPages.END : offset + size);
    request.written(size);
  }

  /** What is refused with EOPNOTSUPP the kernel copies by reading and writing. */
  private void copy(Request request, CopyRequest copy) {
    long copied = vfs.copyRange(
        copy.from(), copy.fromOffset(), copy.to(), copy.toOffset(), copy.lengthBytes());
    preload.copied(request);
    accessTimes.read(copy.source(), copy.from(), 0);
    InodeNumber target = copy.target();
    // the kernel asks for it with every write, but has no way to with a copy
    if (request.caller().uid() != 0 && PrivilegeBits.clear(vfs, target)) {
      pages.attributesChanged(target);
    }
    pages.contentsChanged(target, copy.toOffset(), copy.toOffset() + copied);
    request.written(copied);
  }

  private void flush(Request request, long fileInfo) {
    vfs.flush(FileInfo.handle(fileInfo), FileInfo.lockOwner(fileInfo));
    request.done();
  }

  private void release(Request request, long fileInfo) {
    long handle = FileInfo.handle(fileInfo);
    handles.released(handle);
    vfs.release(handle, FileInfo.lockOwner(fileInfo), FileInfo.flockRelease(fileInfo));
    request.done();
  }

  private void fsync(Request request, long fileInfo) {
    vfs.fsync(FileInfo.handle(fileInfo));
    request.done();
  }

  private void allocate(
      Request request, long inode, int mode, long offset, long length, long fileInfo) {
    long handle = FileInfo.handle(fileInfo);
    switch (mode) {
      case 0 -> vfs.allocate(handle, offset, length, false);
      case KEEP_SIZE -> vfs.allocate(handle, offset, length, true);
      case PUNCH_HOLE | KEEP_SIZE -> {
        vfs.punchHole(handle, offset, length);
        pages.contentsChanged(new InodeNumber(inode), offset, offset + length);
      }
      default -> throw new PosixException(Errno.EOPNOTSUPP, "fallocate mode " + mode);
    }
    request.done();
  }
}

package org.cairnfs.fuse;

import java.nio.ByteBuffer;
import java.util.List;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.fuse.Callbacks.PPIP;
import org.cairnfs.fuse.Callbacks.PPP;
import org.cairnfs.fuse.Callbacks.PPPPP;
import org.cairnfs.fuse.OperationTable.Slot;
import org.cairnfs.vfs.DirectoryEntry;
import org.cairnfs.vfs.Vfs;

/** The operations on open directories. */
final class DirectoryOperations {
  /** The least room an entry takes: a header of 24 bytes and a name, rounded up to 8. */
  private static final int ENTRY_MIN_BYTES = 32;

  /**
   * What an entry with a name of ordinary length takes; decides how many entries are asked for at a
   * time.
   */
  private static final int ENTRY_TYPICAL_BYTES = 48;

  private static final int ENTRY_TYPICAL_BYTES_WITH_ATTRIBUTES =
      ENTRY_TYPICAL_BYTES + DirentWriter.ATTRIBUTES_BYTES;

  private final Vfs vfs;
  private final OpenHandles handles;
  private final AccessTimes accessTimes;

  DirectoryOperations(Vfs vfs, OpenHandles handles, AccessTimes accessTimes) {
    this.vfs = vfs;
    this.handles = handles;
    this.accessTimes = accessTimes;
  }

  void register(OperationTable table) {
    table.set(
        Slot.OPENDIR,
        PPP.class,
        (req, inode, fileInfo) ->
            Boundary.serveFound(req, request -> open(request, inode, fileInfo)));
    table.set(
        Slot.READDIR,
        PPPPP.class,
        (req, inode, size, offset, fileInfo) ->
            Boundary.serve(req, request -> read(request, inode, size, offset, fileInfo)));
    table.set(
        Slot.RELEASEDIR,
        PPP.class,
        (req, inode, fileInfo) -> Boundary.serve(req, request -> release(request, fileInfo)));
    table.set(
        Slot.FSYNCDIR,
        PPIP.class,
        (req, inode, dataOnly, fileInfo) ->
            Boundary.serve(req, request -> sync(request, fileInfo)));
  }

  private void open(Request request, long inode, long fileInfo) {
    long handle = vfs.openDirectory(new InodeNumber(inode));
    handles.openedDirectory(handle);
    FileInfo.setOpened(fileInfo, handle, false);
    if (!request.opened(fileInfo)) {
      handles.releasedDirectory(handle);
      vfs.releaseDirectory(handle);
    }
  }

  /**
   * Fills the kernel's buffer with the entries after the cookie {@code offset}; an empty answer is
   * the end. Attributes that the kernel may not believe for any time are left out.
   */
  private void read(Request request, long inode, long size, long offset, long fileInfo) {
    long handle = FileInfo.handle(fileInfo);
    ByteBuffer room = request.answerBuffer(Math.min(size, Request.ANSWER_MAX_BYTES));
    boolean plus = Worker.isServing(NewerRequest.LISTING_WITH_ATTRIBUTES);
    int typicalBytes = plus ? ENTRY_TYPICAL_BYTES_WITH_ATTRIBUTES : ENTRY_TYPICAL_BYTES;
    long cookie = offset;
    boolean more = true;
    while (more && room.remaining() >= ENTRY_MIN_BYTES) {
      int max = room.remaining() / typicalBytes + 1;
      List<DirectoryEntry> entries =
          vfs.readDirectory(handle, cookie, max, plus && request.timeoutSeconds() > 0);
      double timeoutSeconds = request.timeoutSeconds(); // of now, when they are told
      more = !entries.isEmpty();
      for (DirectoryEntry entry : entries) {
        boolean fits = plus
            ? DirentWriter.appendWithAttributes(room, entry, timeoutSeconds)
            : DirentWriter.append(room, entry);
        if (!fits) {
          more = false;
          break;
        }
        cookie = entry.cookie();
      }
    }
    accessTimes.read(new InodeNumber(inode), handle);
    request.data();
  }

  private void release(Request request, long fileInfo) {
    long handle = FileInfo.handle(fileInfo);
    handles.releasedDirectory(handle);
    vfs.releaseDirectory(handle);
    request.done();
  }

  private void sync(Request request, long fileInfo) {
    vfs.syncDirectory(FileInfo.handle(fileInfo));
    request.done();
  }
}

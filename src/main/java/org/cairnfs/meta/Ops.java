package org.cairnfs.meta;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Extent;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.Timestamp;
import org.cairnfs.proto.AcquireLease;
import org.cairnfs.proto.AllocateInodes;
import org.cairnfs.proto.BlockExtents;
import org.cairnfs.proto.CancelLock;
import org.cairnfs.proto.CreateInode;
import org.cairnfs.proto.DropGarbage;
import org.cairnfs.proto.EndSession;
import org.cairnfs.proto.ExtentOfBlock;
import org.cairnfs.proto.ForgetInode;
import org.cairnfs.proto.LinkInode;
import org.cairnfs.proto.MakeVolume;
import org.cairnfs.proto.MetaOp;
import org.cairnfs.proto.OpenSession;
import org.cairnfs.proto.PunchHole;
import org.cairnfs.proto.ReclaimStep;
import org.cairnfs.proto.ReleaseLease;
import org.cairnfs.proto.RemoveEntry;
import org.cairnfs.proto.RemoveXattr;
import org.cairnfs.proto.RenameEntry;
import org.cairnfs.proto.SetAttributes;
import org.cairnfs.proto.SetLock;
import org.cairnfs.proto.SetXattr;
import org.cairnfs.proto.TouchAccessed;
import org.cairnfs.proto.UpdateFile;

/**
 * Makes operations of what a session is asked for. Byte arrays of {@link Bytes} are shared, not
 * copied: nobody writes to them.
 */
final class Ops {
  static MetaOp makeVolume(Bytes volumeId, int permissions, int uid, int gid, Timestamp now) {
    MakeVolume op = MakeVolume.newBuilder()
        .setVolumeId(wrap(volumeId))
        .setMode(permissions)
        .setUid(uid)
        .setGid(gid)
        .setTime(Times.encode(now))
        .build();
    return MetaOp.newBuilder().setMakeVolume(op).build();
  }

  static MetaOp openSession(long session, NodeId node, Collection<Long> openInodes) {
    OpenSession op = OpenSession.newBuilder()
        .setSession(session)
        .setNodeId(UnsafeByteOperations.unsafeWrap(node.toBytes()))
        .addAllOpenInodes(openInodes)
        .build();
    return MetaOp.newBuilder().setOpenSession(op).build();
  }

  static MetaOp endSession(long session) {
    return MetaOp.newBuilder()
        .setEndSession(EndSession.newBuilder().setSession(session))
        .build();
  }

  static MetaOp acquireLeases(Map<Long, LeaseMode> wanted) {
    AcquireLease.Builder op = AcquireLease.newBuilder();
    new TreeMap<>(wanted).forEach((inode, mode) -> {
      if (mode == LeaseMode.EXCLUSIVE) {
        op.addExclusive(inode);
      } else {
        op.addShared(inode);
      }
    });
    return MetaOp.newBuilder().setAcquireLease(op).build();
  }

  /** @param ranges with what is kept of each */
  static MetaOp releaseLeases(
      List<LeaseRange> ranges, Collection<Long> opened, Collection<Long> closed) {
    ReleaseLease.Builder op = ReleaseLease.newBuilder().addAllOpened(opened).addAllClosed(closed);
    for (LeaseRange range : ranges) {
      op.addRanges(org.cairnfs.proto.LeaseRange.newBuilder()
          .setStart(range.start())
          .setEnd(range.end())
          .setKeep(range.mode().encoded()));
    }
    return MetaOp.newBuilder().setReleaseLease(op).build();
  }

  static MetaOp setLock(InodeNumber inode, LockRequest request) {
    SetLock op = SetLock.newBuilder()
        .setInode(inode.value())
        .setOwner(request.owner())
        .setWhole(request.whole())
        .setKind(request.kind().encoded())
        .setStart(request.start())
        .setEnd(request.end())
        .setPid(request.pid())
        .setWait(request.waits())
        .setTicket(request.ticket())
        .build();
    return MetaOp.newBuilder().setSetLock(op).build();
  }

  static MetaOp cancelLock(InodeNumber inode, long ticket) {
    CancelLock op =
        CancelLock.newBuilder().setInode(inode.value()).setTicket(ticket).build();
    return MetaOp.newBuilder().setCancelLock(op).build();
  }

  static MetaOp allocateInodes(int count) {
    return allocateInodes(count, 0);
  }

  /** For an entry that belongs to no session. */
  static MetaOp allocateInodes(int count, long session) {
    AllocateInodes op =
        AllocateInodes.newBuilder().setCount(count).setSession(session).build();
    return MetaOp.newBuilder().setAllocateInodes(op).build();
  }

  static MetaOp create(long number, InodeNumber parent, Bytes name, NewInode inode) {
    CreateInode.Builder op = CreateInode.newBuilder()
        .setInode(number)
        .setParent(parent.value())
        .setName(wrap(name))
        .setMode(inode.mode())
        .setUid(inode.uid())
        .setGid(inode.gid())
        .setDevice(inode.device())
        .setTime(Times.encode(inode.now()));
    Bytes target = inode.symlinkTarget();
    if (target != null) {
      op.setSymlinkTarget(wrap(target)).setSymlinkTargetBytes(inode.symlinkTargetBytes());
    }
    return MetaOp.newBuilder().setCreate(op.build()).build();
  }

  static MetaOp link(InodeNumber inode, InodeNumber parent, Bytes name, Timestamp now) {
    LinkInode op = LinkInode.newBuilder()
        .setInode(inode.value())
        .setParent(parent.value())
        .setName(wrap(name))
        .setTime(Times.encode(now))
        .build();
    return MetaOp.newBuilder().setLink(op).build();
  }

  static MetaOp unlink(InodeNumber parent, Bytes name, boolean keep, Timestamp now) {
    return MetaOp.newBuilder().setUnlink(remove(parent, name, keep, now)).build();
  }

  static MetaOp removeDirectory(InodeNumber parent, Bytes name, boolean keep, Timestamp now) {
    return MetaOp.newBuilder()
        .setRemoveDirectory(remove(parent, name, keep, now))
        .build();
  }

  private static RemoveEntry remove(InodeNumber parent, Bytes name, boolean keep, Timestamp now) {
    return RemoveEntry.newBuilder()
        .setParent(parent.value())
        .setName(wrap(name))
        .setKeepInode(keep)
        .setTime(Times.encode(now))
        .build();
  }

  static MetaOp rename(
      InodeNumber parent,
      Bytes name,
      InodeNumber newParent,
      Bytes newName,
      boolean keep,
      Timestamp now) {
    RenameEntry op = RenameEntry.newBuilder()
        .setParent(parent.value())
        .setName(wrap(name))
        .setNewParent(newParent.value())
        .setNewName(wrap(newName))
        .setKeepReplaced(keep)
        .setTime(Times.encode(now))
        .build();
    return MetaOp.newBuilder().setRename(op).build();
  }

  static MetaOp forget(InodeNumber inode, Timestamp now) {
    ForgetInode op = ForgetInode.newBuilder()
        .setInode(inode.value())
        .setTime(Times.encode(now))
        .build();
    return MetaOp.newBuilder().setForget(op).build();
  }

  static MetaOp touchAccessed(Collection<Touch> touches) {
    TouchAccessed.Builder op = TouchAccessed.newBuilder();
    for (Touch touch : touches) {
      op.addTouches(TouchAccessed.Touch.newBuilder()
          .setInode(touch.inode().value())
          .setBefore(Times.encode(touch.before()))
          .setAccessed(Times.encode(touch.accessed())));
    }
    return MetaOp.newBuilder().setTouchAccessed(op).build();
  }

  static MetaOp setAttributes(InodeNumber inode, AttributeChange change, long freshMap) {
    SetAttributes.Builder op = SetAttributes.newBuilder()
        .setInode(inode.value())
        .setChanged(Times.encode(change.changed()))
        .setFreshMap(freshMap);
    Integer permissions = change.permissions();
    if (permissions != null) {
      op.setPermissions(permissions);
    }
    Integer uid = change.uid();
    if (uid != null) {
      op.setUid(uid);
    }
    Integer gid = change.gid();
    if (gid != null) {
      op.setGid(gid);
    }
    Long sizeBytes = change.sizeBytes();
    if (sizeBytes != null) {
      op.setSizeBytes(sizeBytes);
    }
    Timestamp accessed = change.accessed();
    if (accessed != null) {
      op.setAccessed(Times.encode(accessed));
    }
    Timestamp modified = change.modified();
    if (modified != null) {
      op.setModified(Times.encode(modified));
    }
    return MetaOp.newBuilder().setSetAttributes(op.build()).build();
  }

  static MetaOp punchHole(InodeNumber file, long offset, long length, Timestamp now) {
    PunchHole op = PunchHole.newBuilder()
        .setInode(file.value())
        .setOffset(offset)
        .setLength(length)
        .setTime(Times.encode(now))
        .build();
    return MetaOp.newBuilder().setPunchHole(op).build();
  }

  static MetaOp setXattr(
      InodeNumber inode,
      Bytes name,
      Bytes value,
      boolean mustBeNew,
      boolean mustExist,
      Timestamp now) {
    SetXattr op = SetXattr.newBuilder()
        .setInode(inode.value())
        .setName(wrap(name))
        .setValue(wrap(value))
        .setMustBeNew(mustBeNew)
        .setMustExist(mustExist)
        .setTime(Times.encode(now))
        .build();
    return MetaOp.newBuilder().setSetXattr(op).build();
  }

  static MetaOp removeXattr(InodeNumber inode, Bytes name, Timestamp now) {
    RemoveXattr op = RemoveXattr.newBuilder()
        .setInode(inode.value())
        .setName(wrap(name))
        .setTime(Times.encode(now))
        .build();
    return MetaOp.newBuilder().setRemoveXattr(op).build();
  }

  static MetaOp updateFile(FileUpdate update) {
    UpdateFile.Builder op = UpdateFile.newBuilder()
        .setInode(update.inode().value())
        .setSizeAtLeastBytes(update.sizeAtLeastBytes())
        .setChanged(Times.encode(update.changed()));
    Timestamp modified = update.modified();
    if (modified != null) {
      op.setModified(Times.encode(modified));
    }
    for (Map.Entry<Long, List<Extent>> block : update.extents().entrySet()) {
      BlockExtents.Builder extents = BlockExtents.newBuilder().setBlock(block.getKey());
      for (Extent extent : block.getValue()) {
        extents.addExtents(extent(extent));
      }
      op.addBlocks(extents.build());
    }
    return MetaOp.newBuilder().setUpdateFile(op.build()).build();
  }

  private static ExtentOfBlock extent(Extent extent) {
    return ExtentOfBlock.newBuilder()
        .setOffset(extent.offset())
        .setLength(extent.length())
        .setBlobOffset(extent.blobOffset())
        .setBlobId(UnsafeByteOperations.unsafeWrap(extent.blob().id().toBytes()))
        .setWrappedKey(wrap(extent.blob().wrappedKey()))
        .setBlobSize(BlobSize.of(extent.blob()).encode())
        .build();
  }

  static MetaOp dropGarbage(List<BlobId> blobs) {
    DropGarbage.Builder op = DropGarbage.newBuilder();
    for (BlobId blob : blobs) {
      op.addBlobIds(UnsafeByteOperations.unsafeWrap(blob.toBytes()));
    }
    return MetaOp.newBuilder().setDropGarbage(op.build()).build();
  }

  static MetaOp reclaimStep(int maxBlocks, Timestamp now) {
    ReclaimStep op = ReclaimStep.newBuilder()
        .setMaxBlocks(maxBlocks)
        .setTime(Times.encode(now))
        .build();
    return MetaOp.newBuilder().setReclaimStep(op).build();
  }

  private static ByteString wrap(Bytes bytes) {
    return UnsafeByteOperations.unsafeWrap(bytes.array());
  }

  private Ops() {}
}

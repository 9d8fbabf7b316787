package org.cairnfs.meta;

import java.nio.ByteBuffer;
import java.util.List;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.NodeId;
import org.cairnfs.proto.AllocateInodes;
import org.cairnfs.proto.EndSession;
import org.cairnfs.proto.MakeVolume;
import org.cairnfs.proto.OpenSession;

/** Operations about the volume and its sessions. Never speculated on. */
final class SessionOps {
  /** Most inode numbers one request reserves. */
  static final int MAX_RANGE = 1 << 24;

  private final MetaView view;
  private final Inodes inodes;
  private final Ledger ledger;
  private final LeaseOps leases;
  private final LockOps locks;

  SessionOps(MetaView view, Inodes inodes, Ledger ledger, LeaseOps leases, LockOps locks) {
    this.leases = leases;
    this.locks = locks;
    this.view = view;
    this.inodes = inodes;
    this.ledger = ledger;
  }

  MetaResult makeVolume(MakeVolume op) {
    if (view.get(MetaTable.SYSTEM, Keys.VOLUME) != null) {
      return MetaResult.failed(Errno.EEXIST);
    }
    if (op.getVolumeId().isEmpty() || op.getVolumeId().size() > VolumeRecord.ID_MAX_BYTES) {
      return MetaResult.failed(Errno.EINVAL);
    }
    int mode = FileMode.DIRECTORY | (op.getMode() & FileMode.PERMISSION_MASK);
    InodeRecord root = new InodeRecord(InodeNumber.ROOT.value(), mode, Times.decode(op.getTime()));
    root.uid = op.getUid();
    root.gid = op.getGid();
    root.links = CreateOps.DIRECTORY_LINKS;
    root.parent = root.number;
    inodes.put(root);
    view.put(MetaTable.SYSTEM, Keys.NEXT_INODE, counter(root.number + 1));
    VolumeRecord volume = new VolumeRecord(new Bytes(op.getVolumeId().toByteArray()));
    view.put(MetaTable.SYSTEM, Keys.VOLUME, volume.encode());
    ledger.addInodes(1);
    return MetaResult.DONE;
  }

  MetaResult openSession(OpenSession op) {
    byte[] key = Keys.number(op.getSession());
    if (view.get(MetaTable.SYSTEM, Keys.VOLUME) == null) {
      return MetaResult.failed(Errno.ENODEV);
    }
    if (op.getSession() <= 0 || op.getNodeId().size() != NodeId.SIZE_BYTES) {
      return MetaResult.failed(Errno.EINVAL);
    }
    if (view.get(MetaTable.SESSION, key) != null) {
      return MetaResult.failed(Errno.EEXIST);
    }
    NodeId node = NodeId.of(op.getNodeId().toByteArray());
    boolean alone = true;
    for (Sessions.Live earlier : Sessions.list(view)) {
      if (earlier.node().equals(node)) {
        end(earlier.id());
      } else {
        alone = false;
      }
    }
    view.put(MetaTable.SESSION, key, new SessionRecord(node, 0, false).encode());
    leases.putOpen(op.getSession(), op.getOpenInodesList());
    if (alone) {
      leases.giveEverything(op.getSession());
    }
    return MetaResult.DONE;
  }

  MetaResult endSession(EndSession op) {
    end(op.getSession());
    return MetaResult.DONE;
  }

  /** What it held is free at once; inodes without links that it kept are freed step by step. */
  private void end(long session) {
    byte[] key = Keys.number(session);
    byte[] value = view.get(MetaTable.SESSION, key);
    SessionRecord live = value == null ? null : SessionRecord.decode(value);
    if (live != null && !live.ended()) {
      SessionRecord ended = new SessionRecord(live.node(), live.lastCut(), true);
      view.put(MetaTable.SESSION, key, ended.encode());
      locks.end(session);
      leases.end(session);
      List<Sessions.Live> left = Sessions.list(view);
      if (left.size() == 1) {
        leases.giveEverything(left.get(0).id());
      }
    }
  }

  MetaResult allocateInodes(long session, AllocateInodes op) {
    int count = op.getCount();
    byte[] value = view.get(MetaTable.SYSTEM, Keys.NEXT_INODE);
    if (value == null) {
      return MetaResult.failed(Errno.ENODEV);
    }
    if (count <= 0 || count > MAX_RANGE) {
      return MetaResult.failed(Errno.EINVAL);
    }
    if (value.length != Long.BYTES) {
      throw new CorruptMetadataException("inode counter of " + value.length + " bytes");
    }
    long first = ByteBuffer.wrap(value).getLong();
    view.put(MetaTable.SYSTEM, Keys.NEXT_INODE, counter(first + count));
    long owner = session == 0 ? op.getSession() : session;
    if (owner != 0) {
      leases.giveNew(owner, first, count);
    }
    return new MetaResult.Range(first, count);
  }

  private static byte[] counter(long value) {
    return ByteBuffer.allocate(Long.BYTES).putLong(value).array();
  }
}

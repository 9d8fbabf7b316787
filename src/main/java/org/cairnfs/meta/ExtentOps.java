package org.cairnfs.meta;

import java.util.ArrayList;
import java.util.List;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Errno;
import org.cairnfs.core.Extent;
import org.cairnfs.core.Extents;
import org.cairnfs.core.Limits;
import org.cairnfs.core.Timestamp;
import org.cairnfs.proto.BlockExtents;
import org.cairnfs.proto.ExtentOfBlock;
import org.cairnfs.proto.PunchHole;
import org.cairnfs.proto.UpdateFile;

/** Operations on what a file maps to: writing, truncating, punching. */
final class ExtentOps {
  private final MetaView view;
  private final Inodes inodes;
  private final Ledger ledger;

  ExtentOps(MetaView view, Inodes inodes, Ledger ledger) {
    this.view = view;
    this.inodes = inodes;
    this.ledger = ledger;
  }

  MetaResult update(UpdateFile op) {
    List<List<Extent>> blocks = new ArrayList<>(op.getBlocksCount());
    try {
      for (BlockExtents block : op.getBlocksList()) {
        blocks.add(decode(block));
      }
    } catch (IllegalArgumentException e) {
      return MetaResult.failed(Errno.EINVAL);
    }
    if (op.getSizeAtLeastBytes() < 0 || op.getSizeAtLeastBytes() > Limits.FILE_SIZE_MAX_BYTES) {
      return MetaResult.failed(Errno.EFBIG);
    }
    InodeRecord inode = inodes.find(op.getInode());
    if (inode == null || !inode.isRegular()) {
      blocks.forEach(ledger::abandon);
      return MetaResult.DONE;
    }
    inode.sizeBytes = Math.max(inode.sizeBytes, op.getSizeAtLeastBytes());
    for (int i = 0; i < blocks.size(); i++) {
      List<Extent> newer = blocks.get(i);
      long block = op.getBlocks(i).getBlock();
      for (Extent extent : newer) {
        inode.sizeBytes = Math.max(inode.sizeBytes, block * Limits.BLOCK_SIZE_BYTES + extent.end());
      }
      if (!newer.isEmpty()) {
        overlay(inode, Keys.pair(inode.map, block), newer);
      }
      // What newer extents of this very update cover again never reaches the map.
      ledger.abandon(newer);
    }
    if (op.hasModified()) {
      inode.modified = Times.decode(op.getModified());
    }
    inode.touchChanged(Times.decode(op.getChanged()));
    inodes.put(inode);
    return new MetaResult.Done(inode);
  }

  MetaResult punchHole(PunchHole op) {
    long from = op.getOffset();
    long to = from + op.getLength();
    if (from < 0 || op.getLength() <= 0 || to < 0) {
      return MetaResult.failed(Errno.EINVAL);
    }
    long firstBlock = from / Limits.BLOCK_SIZE_BYTES;
    if (ExtentList.blocks(to) - firstBlock > MetaSession.MAX_PUNCH_BLOCKS) {
      return MetaResult.failed(Errno.EINVAL);
    }
    InodeRecord inode = inodes.find(op.getInode());
    if (inode == null) {
      return MetaResult.failed(Errno.ENOENT);
    }
    if (!inode.isRegular()) {
      return MetaResult.failed(inode.isDirectory() ? Errno.EISDIR : Errno.EINVAL);
    }
    if (inode.mappedBlocks > 0) {
      for (MappedBlock block : MappedBlock.find(
          view, inode.map, firstBlock, ExtentList.blocks(to), MetaSession.MAX_PUNCH_BLOCKS)) {
        cut(inode, block, from, to);
      }
    }
    Timestamp now = Times.decode(op.getTime());
    inode.modified = now;
    inode.touchChanged(now);
    inodes.put(inode);
    return new MetaResult.Done(inode);
  }

  /** Sets the size of a regular file and frees what lies behind it; the caller puts the inode. */
  void resize(InodeRecord inode, long sizeBytes, long freshMap) {
    if (sizeBytes == 0 && freshMap != 0) {
      if (inode.mappedBlocks > 0) {
        ledger.releaseMap(inode.map);
        ledger.addAllocatedBytes(-inode.allocatedBytes);
      }
      inode.map = freshMap;
      inode.mappedBlocks = 0;
      inode.allocatedBytes = 0;
    } else if (sizeBytes < inode.sizeBytes) {
      for (MappedBlock block :
          MappedBlock.find(view, inode, sizeBytes / Limits.BLOCK_SIZE_BYTES, Integer.MAX_VALUE)) {
        cut(inode, block, sizeBytes, Long.MAX_VALUE);
      }
    }
    inode.sizeBytes = sizeBytes;
  }

  /** Makes a hole of what the block has in {@code [from, to)} of the file. */
  private void cut(InodeRecord inode, MappedBlock block, long from, long to) {
    long start = block.block() * Limits.BLOCK_SIZE_BYTES;
    int cutFrom = (int) Math.max(0, Math.min(from - start, Limits.BLOCK_SIZE_BYTES));
    int cutTo = (int) Math.max(0, Math.min(to - start, Limits.BLOCK_SIZE_BYTES));
    replace(inode, block.key(), block.extents(), Extents.without(block.extents(), cutFrom, cutTo));
  }

  private void overlay(InodeRecord inode, byte[] key, List<Extent> newer) {
    byte[] value = view.get(MetaTable.EXTENT, key);
    ExtentList.Change change = ExtentList.overlay(value, newer);
    account(inode, change.removed(), change.added());
    inode.mappedBlocks += value == null ? 1 : 0;
    view.put(MetaTable.EXTENT, key, change.value());
  }

  private void replace(InodeRecord inode, byte[] key, List<Extent> before, List<Extent> after) {
    account(inode, before, after);
    if (after.isEmpty()) {
      inode.mappedBlocks--;
      view.delete(MetaTable.EXTENT, key);
    } else {
      view.put(MetaTable.EXTENT, key, ExtentList.encode(after));
    }
  }

  private void account(InodeRecord inode, List<Extent> before, List<Extent> after) {
    long delta = ExtentList.lengthBytes(after) - ExtentList.lengthBytes(before);
    inode.allocatedBytes += delta;
    ledger.addAllocatedBytes(delta);
    ledger.replace(before, after);
  }

  /** @throws IllegalArgumentException if its numbers are impossible */
  private static List<Extent> decode(BlockExtents block) {
    if (block.getBlock() < 0
        || block.getBlock() >= Limits.FILE_SIZE_MAX_BYTES / Limits.BLOCK_SIZE_BYTES) {
      throw new IllegalArgumentException("block number out of range");
    }
    List<Extent> extents = new ArrayList<>(block.getExtentsCount());
    for (ExtentOfBlock extent : block.getExtentsList()) {
      BlobRef blob = BlobSize.decode(extent.getBlobSize())
          .ref(
              BlobId.of(extent.getBlobId().toByteArray()),
              new Bytes(extent.getWrappedKey().toByteArray()));
      extents.add(new Extent(extent.getOffset(), extent.getLength(), blob, extent.getBlobOffset()));
    }
    return extents;
  }
}

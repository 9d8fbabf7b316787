package org.cairnfs.meta;

/** The tables of the metadata; {@link Keys} makes their keys. Names are part of the format. */
enum MetaTable {
  /** Inode number to {@link InodeRecord}. */
  INODE("inode"),
  /** Directory and sealed name to {@link DentryRecord}. */
  DENTRY("dentry"),
  /** Extent map and block number to the extents of that block. */
  EXTENT("extent"),
  /** Inode and sealed name to sealed value. */
  XATTR("xattr"),
  /** Blob to {@link BlobRecord}. */
  BLOB("blob"),
  /** Second of becoming unreferenced and blob, to nothing: what may be deleted, oldest first. */
  GARBAGE("garbage"),
  /** Extent map to nothing: maps no inode uses any more and whose extents are still to be freed. */
  RECLAIM("reclaim"),
  /** Session and inode, to nothing: inodes without links that the session holds open. */
  ORPHAN("orphan"),
  /** Session to {@link SessionRecord}. */
  SESSION("session"),
  /** NodeId to {@link MemberRecord}. */
  MEMBER("member"),
  /** SHA-256 of the secret to {@link InviteRecord}. */
  INVITE("invite"),
  /** Session to {@link LeaseRanges}: what each holds of the leases on inodes. */
  LEASE("lease"),
  /** Ticket to {@link LeaseRequest}: who waits for leases, served in this order. */
  WAIT("wait"),
  /** Inode and session, to nothing: what sessions that gave leases up have open. */
  OPEN("open"),
  /** Inode to {@link LockRecord}. */
  LOCK("lock"),
  /** Single values: see {@link Keys}. */
  SYSTEM("system");

  private final String tableName;

  MetaTable(String tableName) {
    this.tableName = tableName;
  }

  String tableName() {
    return tableName;
  }
}

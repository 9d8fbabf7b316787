package org.cairnfs.meta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.cairnfs.meta.MetaFixture.name;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.cairnfs.core.BlobFormat;
import org.cairnfs.core.BlobId;
import org.cairnfs.core.BlobRef;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.Extent;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.Replication;
import org.cairnfs.core.Timestamp;
import org.cairnfs.net.Role;
import org.cairnfs.proto.MetaEntry;
import org.cairnfs.proto.MetaOp;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Pins the bytes of keys, records and operations: what is on disks must stay readable. Never
 * regenerate these.
 */
class MetaGoldenTest {
  private static final Timestamp T = new Timestamp(0x0102, 3);
  private static final InodeNumber A = new InodeNumber(0x11);
  private static final InodeNumber B = new InodeNumber(0x22);
  private static final BlobId ID = new BlobId(1, 2, 3, 4);
  private static final Extent EXTENT = extent(BlobFormat.FRAMES_64K);

  private static final LockRequest LOCK =
      new LockRequest(0x66, true, LockRequest.Kind.EXCLUSIVE, 3, 4, 5, true, 9);

  private static Extent extent(BlobFormat format) {
    BlobRef blob = MetaFixture.blob(7, 16);
    return new Extent(5, 6, new BlobRef(blob.id(), blob.wrappedKey(), 16, format), 8);
  }

  private static BlobRecord blob(BlobFormat format) {
    return new BlobRecord(2, new BlobSize(16, format), 0);
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  private static InodeRecord inode() {
    InodeRecord inode = new InodeRecord(0x11, FileMode.SYMLINK | 0777, T);
    inode.uid = 1;
    inode.gid = 2;
    inode.links = 3;
    inode.sizeBytes = 4;
    inode.allocatedBytes = 5;
    inode.device = 6;
    inode.modified = new Timestamp(-1, 999_999_999);
    inode.map = 7;
    inode.mappedBlocks = 8;
    inode.xattrs = 9;
    inode.parent = 10;
    inode.symlinkTarget = name("to");
    return inode;
  }

  private static Member member() {
    return new Member(
        new NodeId(1, 2, 3, 4),
        Role.STORAGE,
        List.of("host:7747", "b"),
        "rack",
        0x0506,
        MemberState.DRAINING,
        T);
  }

  private static Invite invite() {
    return new Invite(new Bytes(new byte[Invite.HASH_BYTES]), Role.MEMBER, T, 7);
  }

  private static LockRecord locks() {
    LockRecord locks = new LockRecord();
    LockRecord.Owner owner = new LockRecord.Owner(0x55, 0x66, true);
    locks.held().add(new LockRecord.Lock(owner, true, 1, 2, 3, 4));
    locks.waiting().add(new LockRecord.Lock(new LockRecord.Owner(7, 8, false), false, 5, 6, 9, 10));
    return locks;
  }

  static Stream<Arguments> records() {
    return Stream.of(
        arguments("inode", inode().encode(), GoldenBytes.INODE),
        arguments("dentry", new DentryRecord(0x11, FileMode.REGULAR).encode(), GoldenBytes.DENTRY),
        arguments("extents", ExtentList.encode(List.of(EXTENT)), GoldenBytes.EXTENTS),
        arguments(
            "extents of smaller frames",
            ExtentList.encode(List.of(extent(BlobFormat.FRAMES_16K))),
            GoldenBytes.EXTENTS_16K),
        arguments("blob", blob(BlobFormat.FRAMES_64K).encode(), GoldenBytes.BLOB),
        arguments(
            "blob of smaller frames", blob(BlobFormat.FRAMES_16K).encode(), GoldenBytes.BLOB_16K),
        arguments(
            "session",
            new SessionRecord(new NodeId(1, 2, 3, 4), 5, true).encode(),
            GoldenBytes.SESSION),
        arguments(
            "lease",
            LeaseRanges.NOTHING
                .atLeast(0x11, 0x22, LeaseMode.SHARED)
                .atLeast(0x22, 0x33, LeaseMode.EXCLUSIVE)
                .encode(),
            GoldenBytes.LEASE),
        arguments(
            "lease request",
            new LeaseRequest(0x55, Map.of(0x11L, LeaseMode.SHARED, 0x22L, LeaseMode.EXCLUSIVE))
                .encode(),
            GoldenBytes.LEASE_REQUEST),
        arguments("locks", locks().encode(), GoldenBytes.LOCKS),
        arguments(
            "volume", new VolumeRecord(new Bytes(new byte[] {1, 2})).encode(), GoldenBytes.VOLUME),
        arguments("member", MemberRecord.encode(member()), GoldenBytes.MEMBER),
        arguments("invite", InviteRecord.encode(invite()), GoldenBytes.INVITE),
        arguments(
            "replication",
            ReplicationRecord.encode(new Replication(5, 4)),
            GoldenBytes.REPLICATION),
        arguments("inode key", Keys.number(0x11), "0000000000000011"),
        arguments("dentry key", Keys.named(0x11, name("n").array()), "00000000000000116e"),
        arguments("extent key", Keys.pair(0x11, 0x22), "00000000000000110000000000000022"),
        arguments("garbage key", Keys.garbage(0x11, ID), "0000000000000011" + hex(ID.toBytes())),
        arguments("volume key", Keys.VOLUME, "766f6c756d65"),
        arguments("next inode key", Keys.NEXT_INODE, "6e6578742d696e6f6465"),
        arguments("applied key", Keys.APPLIED, "6170706c696564"),
        arguments("usage key", Keys.USAGE, "7573616765"),
        arguments("replication key", Keys.REPLICATION, "7265706c69636174696f6e"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("records")
  void recordsKeepTheirBytes(String what, byte[] encoded, String golden) {
    assertThat(hex(encoded)).as(what).isEqualTo(golden);
  }

  private static Arguments op(MetaOp op, String golden) {
    return arguments(op.getKindCase().name(), op, golden);
  }

  static Stream<Arguments> operations() {
    NewInode symlink = new NewInode(FileMode.SYMLINK | 0777, 1, 2, 3, name("to"), 2, T);
    AttributeChange change = new AttributeChange(0644, 1, 2, 3L, T, T, T);
    FileUpdate update = new FileUpdate(A, 99, T, T, new TreeMap<>(Map.of(4L, List.of(EXTENT))));
    return Stream.of(
        op(Ops.makeVolume(new Bytes(new byte[] {1, 2}), 0755, 1, 2, T), GoldenBytes.MAKE_VOLUME),
        op(Ops.openSession(0x55, new NodeId(1, 2, 3, 4), List.of()), GoldenBytes.OPEN_SESSION),
        op(Ops.allocateInodes(1000), GoldenBytes.ALLOCATE_INODES),
        op(Ops.create(0x11, B, name("n"), symlink), GoldenBytes.CREATE),
        op(Ops.link(A, B, name("n"), T), GoldenBytes.LINK),
        op(Ops.unlink(A, name("n"), true, T), GoldenBytes.UNLINK),
        op(Ops.removeDirectory(A, name("n"), false, T), GoldenBytes.REMOVE_DIRECTORY),
        op(Ops.rename(A, name("n"), B, name("m"), true, T), GoldenBytes.RENAME),
        op(Ops.forget(A, T), GoldenBytes.FORGET),
        op(Ops.setAttributes(A, change, 0x33), GoldenBytes.SET_ATTRIBUTES),
        op(Ops.touchAccessed(List.of(new Touch(A, T, T))), GoldenBytes.TOUCH_ACCESSED),
        op(Ops.punchHole(A, 4, 5, T), GoldenBytes.PUNCH_HOLE),
        op(Ops.setXattr(A, name("n"), name("v"), true, true, T), GoldenBytes.SET_XATTR),
        op(Ops.removeXattr(A, name("n"), T), GoldenBytes.REMOVE_XATTR),
        op(Ops.updateFile(update), GoldenBytes.UPDATE_FILE),
        op(Ops.dropGarbage(List.of(ID)), GoldenBytes.DROP_GARBAGE),
        op(Ops.reclaimStep(100, T), GoldenBytes.RECLAIM_STEP),
        op(MemberMessages.addFounder(member()), GoldenBytes.ADD_FOUNDER),
        op(MemberMessages.join(invite().secretHash(), T, member()), GoldenBytes.JOIN_CLUSTER),
        op(
            MemberMessages.setState(new NodeId(1, 2, 3, 4), MemberState.DRAINING),
            GoldenBytes.UPDATE_MEMBER),
        op(MemberMessages.addInvite(invite(), T), GoldenBytes.ADD_INVITE),
        op(MemberMessages.setReplication(0, 2), GoldenBytes.SET_REPLICATION),
        op(
            Ops.acquireLeases(Map.of(0x11L, LeaseMode.SHARED, 0x22L, LeaseMode.EXCLUSIVE)),
            GoldenBytes.ACQUIRE_LEASE),
        op(
            Ops.releaseLeases(
                List.of(new LeaseRange(0x11, 0x22, LeaseMode.SHARED)),
                List.of(0x11L, 0x22L),
                List.of(0x33L)),
            GoldenBytes.RELEASE_LEASE),
        op(Ops.endSession(0x55), GoldenBytes.END_SESSION),
        op(Ops.setLock(A, LOCK), GoldenBytes.SET_LOCK),
        op(Ops.cancelLock(A, 9), GoldenBytes.CANCEL_LOCK));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("operations")
  void operationsKeepTheirBytes(String what, MetaOp op, String golden) throws Exception {
    assertThat(hex(op.toByteArray())).as(what).isEqualTo(golden);
    assertThat(MetaOp.parseFrom(HexFormat.of().parseHex(golden))).isEqualTo(op);
  }

  @Test
  void everyKindOfOperationIsPinned() {
    assertThat(operations().map(arguments -> arguments.get()[0]))
        .containsExactlyInAnyOrderElementsOf(
            MetaOp.getDescriptor().getOneofs().get(0).getFields().stream()
                .map(field -> MetaOp.KindCase.forNumber(field.getNumber()).name())
                .toList());
  }

  @Test
  void entriesKeepTheirBytes() {
    MetaEntry entry = MetaEntry.newBuilder()
        .setSession(0x55)
        .setCut(2)
        .addOps(Ops.allocateInodes(1))
        .build();

    assertThat(hex(entry.toByteArray())).isEqualTo(GoldenBytes.ENTRY);
  }

  @Test
  void recordsAreReadBack() {
    InodeRecord read = InodeRecord.decode(0x11, HexFormat.of().parseHex(GoldenBytes.INODE));

    assertThat(read).usingRecursiveComparison().isEqualTo(inode());
    assertThat(ExtentList.decode(HexFormat.of().parseHex(GoldenBytes.EXTENTS)))
        .containsExactly(EXTENT);
    assertThat(ExtentList.decode(HexFormat.of().parseHex(GoldenBytes.EXTENTS_16K)))
        .containsExactly(extent(BlobFormat.FRAMES_16K));
    assertThat(MemberRecord.decode(
            member().id().toBytes(), HexFormat.of().parseHex(GoldenBytes.MEMBER)))
        .isEqualTo(member());
    assertThat(InviteRecord.decode(
            invite().secretHash().array(), HexFormat.of().parseHex(GoldenBytes.INVITE)))
        .isEqualTo(invite());
    assertThat(ReplicationRecord.decode(HexFormat.of().parseHex(GoldenBytes.REPLICATION)))
        .isEqualTo(new Replication(5, 4));
    assertThat(LeaseRanges.decode(HexFormat.of().parseHex(GoldenBytes.LEASE)).list())
        .containsExactly(
            new LeaseRange(0x11, 0x22, LeaseMode.SHARED),
            new LeaseRange(0x22, 0x33, LeaseMode.EXCLUSIVE));
  }

  @Test
  void aLeaseOnTheVolumeIsOneOnAllInodes() {
    LeaseRanges read = LeaseRanges.decode(HexFormat.of().parseHex(GoldenBytes.LEASE_ON_VOLUME));

    assertThat(read.list())
        .containsExactly(new LeaseRange(LeaseRanges.TREE, LeaseRanges.END, LeaseMode.SHARED));
  }

  static Stream<Arguments> damaged() {
    return Stream.of(
        arguments("empty inode", (Runnable) () -> InodeRecord.decode(1, new byte[0])),
        arguments("newer inode", (Runnable)
            () -> InodeRecord.decode(1, withVersion(inode().encode(), 2))),
        arguments("inode cut short", (Runnable)
            () -> InodeRecord.decode(1, cut(inode().encode()))),
        arguments("dentry cut short", (Runnable) () -> DentryRecord.decode(new byte[12])),
        arguments(
            "newer dentry", (Runnable) () -> DentryRecord.decode(withVersion(new byte[13], 9))),
        arguments("extents cut short", (Runnable)
            () -> ExtentList.decode(cut(ExtentList.encode(List.of(EXTENT))))),
        arguments("extents out of order", (Runnable)
            () -> ExtentList.decode(ExtentList.encode(List.of(EXTENT, EXTENT)))),
        arguments("blob too long", (Runnable)
            () -> BlobRecord.decode(Arrays.copyOf(blob(BlobFormat.LATEST).encode(), 22))),
        arguments(
            "blob of no size", (Runnable) () -> BlobRecord.decode(withVersion(new byte[21], 1))),
        arguments("member cut short", (Runnable)
            () -> MemberRecord.decode(member().id().toBytes(), cut(MemberRecord.encode(member())))),
        arguments("invite cut short", (Runnable) () ->
            InviteRecord.decode(invite().secretHash().array(), cut(InviteRecord.encode(invite())))),
        arguments("replication cut short", (Runnable)
            () -> ReplicationRecord.decode(cut(ReplicationRecord.encode(Replication.DEFAULT)))),
        arguments("more copies awaited than made", (Runnable)
            () -> ReplicationRecord.decode(new byte[] {1, 0, 0, 0, 2, 0, 0, 0, 3})),
        arguments("lease of no mode", (Runnable) () -> LeaseRanges.decode(withMode(3))),
        arguments("lease that is none", (Runnable) () -> LeaseRanges.decode(withMode(0))),
        arguments("lease cut short", (Runnable)
            () -> LeaseRanges.decode(cut(LeaseRanges.EVERYTHING.encode()))),
        arguments("lease request cut short", (Runnable) () ->
            LeaseRequest.decode(cut(new LeaseRequest(1, Map.of(2L, LeaseMode.SHARED)).encode()))),
        arguments(
            "locks cut short", (Runnable) () -> LockRecord.decode(cut(locks().encode()))),
        arguments("session too short", (Runnable)
            () -> SessionRecord.decode(withVersion(new byte[41], 1))));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("damaged")
  void damageIsNoticed(String what, Runnable decode) {
    assertThatThrownBy(decode::run).as(what).isInstanceOf(CorruptMetadataException.class);
  }

  private static byte[] withMode(int mode) {
    byte[] lease = LeaseRanges.EVERYTHING.encode();
    lease[lease.length - 1] = (byte) mode;
    return lease;
  }

  private static byte[] withVersion(byte[] record, int version) {
    record[0] = (byte) version;
    return record;
  }

  private static byte[] cut(byte[] record) {
    return Arrays.copyOf(record, record.length - 1);
  }
}

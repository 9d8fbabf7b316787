package org.cairnfs.bench;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.cairnfs.core.Bytes;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.InodeNumber;
import org.cairnfs.core.NodeId;
import org.cairnfs.core.Timestamp;
import org.cairnfs.meta.LocalMetaSession;
import org.cairnfs.meta.NewInode;
import org.cairnfs.proto.CreateInode;
import org.cairnfs.proto.MetaEntry;
import org.cairnfs.proto.MetaOp;
import org.cairnfs.proto.OpenSession;
import org.cairnfs.proto.Time;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What one create costs: applied for good, over RocksDB, and in advance, in a session. */
@State(Scope.Benchmark)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class MetaApplyBenchmark extends MicrosecondsBenchmark {
  private static final int OPS_AN_ENTRY = 500;
  private static final int SEALED_NAME_BYTES = 30;
  private static final long SESSION = 1;

  private RocksMetadata metadata;
  private long cut;
  private long number = 1L << 40;

  @Setup(Level.Trial)
  public void open() throws IOException {
    metadata = new RocksMetadata();
  }

  @TearDown(Level.Trial)
  public void close() throws IOException {
    metadata.close();
  }

  /** Applying an entry of creates in one directory, protobuf and RocksDB batch included. */
  @Benchmark
  @OperationsPerInvocation(OPS_AN_ENTRY)
  public byte[] apply() {
    if (cut == 0) {
      takeOver();
    }
    MetaEntry.Builder entry = MetaEntry.newBuilder().setSession(SESSION).setCut(++cut);
    for (int i = 0; i < OPS_AN_ENTRY; i++) {
      CreateInode create = CreateInode.newBuilder()
          .setInode(++number)
          .setParent(InodeNumber.ROOT.value())
          .setName(ByteString.copyFrom(name(number)))
          .setMode(FileMode.REGULAR | 0644)
          .setTime(Time.newBuilder().setSeconds(number).build())
          .build();
      entry.addOps(MetaOp.newBuilder().setCreate(create).build());
    }
    return metadata.apply(entry.build().toByteArray());
  }

  /** Puts a session of no more than an id in the place of the one that was opened. */
  private void takeOver() {
    metadata.session().close();
    OpenSession open = OpenSession.newBuilder()
        .setSession(SESSION)
        .setNodeId(ByteString.copyFrom(new byte[NodeId.SIZE_BYTES]))
        .build();
    MetaEntry entry =
        MetaEntry.newBuilder().addOps(MetaOp.newBuilder().setOpenSession(open)).build();
    byte[] unused = metadata.apply(entry.toByteArray());
  }

  /** The same through a session: speculated on, cut, committed and applied. */
  @Benchmark
  @OperationsPerInvocation(OPS_AN_ENTRY)
  public void speculateAndApply() {
    LocalMetaSession session = metadata.session();
    for (int i = 0; i < OPS_AN_ENTRY; i++) {
      session.create(
          InodeNumber.ROOT,
          new Bytes(name(++number)),
          new NewInode(FileMode.REGULAR | 0644, 0, 0, 0, null, 0, new Timestamp(number, 0)));
    }
    session.cut().commit(List.of()).join();
  }

  /** As random as a sealed name. */
  private static byte[] name(long number) {
    return ByteBuffer.allocate(SEALED_NAME_BYTES)
        .putLong(number * 0x9E3779B97F4A7C15L)
        .putLong(number)
        .array();
  }
}

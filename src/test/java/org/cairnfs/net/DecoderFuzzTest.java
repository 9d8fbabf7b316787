package org.cairnfs.net;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.cairnfs.core.NodeId;

/**
 * Every decoder against bytes that nobody meant: whatever comes, it is understood or it is a
 * violation; nothing else is thrown, nothing large is allocated, and no buffer is lost.
 */
final class DecoderFuzzTest {
  private static final NodeId NODE = NodeId.of(new byte[NodeId.SIZE_BYTES]);
  private static final PeerInfo PEER = new PeerInfo(
      NODE, Standing.MEMBER, Set.of(), 0, "fuzz", InetSocketAddress.createUnresolved("fuzz", 1));

  /** Notes frames and violations, and fails on everything else. */
  private static final class Notes extends ChannelInboundHandlerAdapter {
    private final List<String> frames = new ArrayList<>();
    private int violations;

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      Frame frame = (Frame) message;
      frames.add(
          frame.type() + " " + frame.requestId() + " " + ByteBufUtil.hexDump(frame.payload()));
      frame.release();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      assertThat(cause).isInstanceOf(ProtocolViolation.class);
      violations++;
    }
  }

  /** A frame that mostly looks right. */
  record Plausible(int type, long id, byte[] payload, int lie) {
    ByteBuf encode() {
      return Unpooled.buffer()
          .writeInt(FrameDecoder.COUNTED_HEADER_BYTES + payload.length + lie)
          .writeByte(type)
          .writeLong(id)
          .writeBytes(payload);
    }
  }

  @Provide
  Arbitrary<Plausible> plausible() {
    Arbitrary<byte[]> small =
        Arbitraries.bytes().map(b -> (byte) (b % 4)).array(byte[].class).ofMaxSize(24);
    Arbitrary<byte[]> payloads =
        Arbitraries.oneOf(small, Arbitraries.bytes().array(byte[].class).ofMaxSize(40));
    return Combinators.combine(
            Arbitraries.integers().between(0, 12),
            Arbitraries.oneOf(Arbitraries.longs().between(-1, 12), Arbitraries.longs()),
            payloads,
            Arbitraries.frequency(Tuple.of(12, 0), Tuple.of(1, Integer.MIN_VALUE)))
        .as(Plausible::new);
  }

  @Property(tries = 500)
  void anyBytesAreFramesOrAViolation(
      @ForAll @Size(max = 200) byte[] bytes, @ForAll @IntRange(min = 1, max = 50) int piece) {
    for (FrameLimits limits : List.of(
        FrameLimits.CLIENT_HELLO,
        FrameLimits.SERVER_HELLO,
        FrameLimits.FROM_SERVER,
        FrameLimits.fromClient(ChannelKind.BULK, Standing.MEMBER))) {
      Notes notes = new Notes();
      feed(
          new EmbeddedChannel(new FrameDecoder(limits), notes),
          Unpooled.wrappedBuffer(bytes),
          piece);
      assertThat(notes.violations).isLessThanOrEqualTo(1);
    }
  }

  @Property(tries = 500)
  void howBytesAreCutMakesNoDifference(
      @ForAll @Size(max = 8) List<@From("plausible") Plausible> frames,
      @ForAll @IntRange(min = 1, max = 50) int piece) {
    Notes whole = new Notes();
    Notes pieces = new Notes();
    FrameLimits limits = FrameLimits.FROM_SERVER;

    feed(new EmbeddedChannel(new FrameDecoder(limits), whole), encode(frames), 1 << 20);
    feed(new EmbeddedChannel(new FrameDecoder(limits), pieces), encode(frames), piece);

    assertThat(pieces.frames).isEqualTo(whole.frames);
    assertThat(pieces.violations).isEqualTo(whole.violations);
  }

  @Property(tries = 500)
  void anyBytesAreAHelloOrAViolation(@ForAll @Size(max = 120) byte[] bytes) {
    hello(Unpooled.wrappedBuffer(bytes));
  }

  @Property(tries = 1000)
  void aDamagedHelloIsAHelloOrAViolation(
      @ForAll @IntRange(min = 0, max = 90) int at, @ForAll byte with) {
    byte[] payload = HelloCodec.encode(
        new Hello(TestNode.CLUSTER, NODE, Set.of(Role.MEMBER), 7, ChannelKind.CONTROL, "cairn 1"));
    payload[at % payload.length] = with;
    hello(Unpooled.wrappedBuffer(payload));
  }

  private static void hello(ByteBuf payload) {
    try {
      HelloCodec.versions(payload);
      Hello hello = HelloCodec.body(payload);
      assertThat(HelloCodec.encode(hello))
          .hasSizeLessThanOrEqualTo(HelloCodec.PREFIX_BYTES + NetLimits.HELLO_MAX_BYTES);
    } catch (ProtocolViolation violation) {
      assertThat(violation).hasMessageNotContaining("null");
    }
  }

  @Property(tries = 500)
  void anyBytesAreAFailureOrAViolation(@ForAll @Size(min = 2, max = 514) byte[] bytes) {
    try {
      PeerException read = Frames.readFailure(Unpooled.wrappedBuffer(bytes));
      assertThat(read.getMessage().codePoints().filter(Character::isISOControl)).isEmpty();
    } catch (ProtocolViolation violation) {
      assertThat(violation.getMessage()).isNotEmpty();
    }
  }

  @Property(tries = 500)
  void aServerSurvivesAnyFrames(@ForAll @Size(max = 12) List<@From("plausible") Plausible> frames) {
    AtomicInteger open = new AtomicInteger();
    Handlers handlers = Handlers.builder()
        .on(
            new MessageType(1, "echo", ChannelKind.CONTROL),
            (peer, body) -> CompletableFuture.completedFuture(Reply.of(body.duplicate())),
            Runnable::run)
        .on(
            new MessageType(2, "read", ChannelKind.CONTROL),
            (peer, body) -> {
              open.incrementAndGet();
              return CompletableFuture.completedFuture(Reply.stream(new OneByteEach(open)));
            },
            Runnable::run)
        .build();
    PenaltyBox penalties = new PenaltyBox(Duration.ZERO, Duration.ZERO, () -> 0);
    ServerPeers peers = new ServerPeers(handlers, penalties, () -> 0);
    FrameDecoder decoder =
        new FrameDecoder(FrameLimits.fromClient(ChannelKind.CONTROL, Standing.MEMBER));
    EmbeddedChannel channel = channel(decoder);
    channel
        .pipeline()
        .addLast(new ServerConnection(channel, decoder, PEER, ChannelKind.CONTROL, peers));

    feed(channel, encode(frames), 1 << 20);

    assertThat(open).hasValue(0);
  }

  @Property(tries = 500)
  void aClientSurvivesAnyFrames(@ForAll @Size(max = 12) List<@From("plausible") Plausible> frames) {
    FrameDecoder decoder = new FrameDecoder(FrameLimits.FROM_SERVER);
    EmbeddedChannel channel = channel(decoder);
    ClientConnection connection =
        new ClientConnection(channel, decoder, PEER, ChannelKind.CONTROL, () -> 0);
    channel.pipeline().addLast(connection);
    MessageType type = new MessageType(1, "echo", ChannelKind.CONTROL);
    long deadline = Duration.ofHours(1).toNanos();
    List<OutgoingRequest> requests = List.of(
        new MessageRequest(type, ByteBuffer.allocate(3), deadline),
        new StreamRequest(type, ByteBuffer.allocate(3), deadline, chunk -> {}, Runnable::run),
        new MessageRequest(type, ByteBuffer.allocate(3), deadline));
    requests.forEach(connection::submit);
    channel.runPendingTasks();

    feed(channel, encode(frames), 1 << 20);

    assertThat(requests).allSatisfy(request -> assertThat(request.future()).isDone());
  }

  /** Ten bytes, one at a time. */
  private static final class OneByteEach implements ChunkSource {
    private final AtomicInteger open;
    private int left = 10;

    OneByteEach(AtomicInteger open) {
      this.open = open;
    }

    @Override
    public boolean read(ByteBuffer into) {
      into.put((byte) left);
      return --left > 0;
    }

    @Override
    public void close() {
      open.decrementAndGet();
    }
  }

  private static EmbeddedChannel channel(FrameDecoder decoder) {
    EmbeddedChannel channel = new EmbeddedChannel(decoder);
    channel.config().setAllocator(UnpooledByteBufAllocator.DEFAULT);
    return channel;
  }

  private static ByteBuf encode(List<Plausible> frames) {
    ByteBuf bytes = Unpooled.buffer();
    frames.forEach(frame -> bytes.writeBytes(frame.encode()));
    return bytes;
  }

  /** Hands the bytes over in pieces, then ends the connection, and throws nothing away unseen. */
  private static void feed(EmbeddedChannel channel, ByteBuf bytes, int piece) {
    List<ByteBuf> given = new ArrayList<>();
    while (bytes.isReadable() && channel.isOpen()) {
      ByteBuf next = Unpooled.copiedBuffer(bytes.readSlice(Math.min(piece, bytes.readableBytes())));
      given.add(next);
      channel.writeInbound(next);
      channel.runPendingTasks();
    }
    Channels.close(channel);
    channel.runPendingTasks();
    channel.checkException();
    channel.releaseOutbound();
    assertThat(given).allSatisfy(buffer -> assertThat(buffer.refCnt()).isZero());
    bytes.release();
  }
}

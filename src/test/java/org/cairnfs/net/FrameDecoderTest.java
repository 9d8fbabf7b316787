package org.cairnfs.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where the frames of a connection end: in the middle of one, or because nobody wants more. */
final class FrameDecoderTest {
  private static final int FRAME_BYTES = FrameDecoder.HEADER_BYTES + 3;

  private final FrameDecoder decoder = new FrameDecoder(FrameLimits.FROM_SERVER);
  private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(false);
  private final EmbeddedChannel channel = new EmbeddedChannel(decoder);

  FrameDecoderTest() {
    channel.config().setAllocator(allocator);
  }

  /** A reply with three bytes. */
  private static ByteBuf frame() {
    return Frames.prefix(UnpooledByteBufAllocator.DEFAULT, FrameType.REPLY, 7, 3)
        .writeBytes(new byte[] {1, 2, 3});
  }

  private void arrive(ByteBuf bytes) {
    channel.writeInbound(bytes);
  }

  private boolean readFrame() {
    Frame frame = channel.readInbound();
    if (frame == null) {
      return false;
    }
    frame.release();
    return true;
  }

  @ParameterizedTest
  @ValueSource(
      ints = {1, FrameDecoder.HEADER_BYTES - 1, FrameDecoder.HEADER_BYTES, FRAME_BYTES - 1})
  void aFrameThatIsCutIsAViolation(int bytes) {
    arrive(frame().writerIndex(bytes));

    assertThatThrownBy(channel::finish)
        .isInstanceOf(ProtocolViolation.class)
        .hasMessageContaining("in the middle of a frame");
    assertThat(allocator.metric().usedHeapMemory()).as("is given back").isZero();
  }

  @Test
  void anEndBetweenFramesIsNone() {
    arrive(frame());

    assertThat(channel.finish()).isTrue();
    assertThat(readFrame()).isTrue();
  }

  @Test
  void aConnectionThatIsGivenUpIsNotReadAnyMore() {
    decoder.stop();
    arrive(frame());
    assertThat(readFrame()).isFalse();
  }

  @Test
  void whoeverClosesInAFrameGetsNoneOfThoseThatCameWithIt() {
    channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
      @Override
      public void channelRead(ChannelHandlerContext context, Object message) {
        context.pipeline().remove(decoder);
        context.fireChannelRead(message);
      }
    });

    arrive(Unpooled.wrappedBuffer(frame(), frame()));

    assertThat(readFrame()).isTrue();
    assertThat(readFrame()).isFalse();
  }

  @Test
  void theLengthHasNoSign() {
    ByteBuf endless = frame().setInt(0, -1);
    assertThatThrownBy(() -> arrive(endless))
        .isInstanceOf(ProtocolViolation.class)
        .hasMessageContaining("4294967286 bytes");
  }
}

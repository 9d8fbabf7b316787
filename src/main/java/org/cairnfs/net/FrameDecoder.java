package org.cairnfs.net;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import org.jspecify.annotations.Nullable;

/**
 * Cuts the bytes of a connection into {@link Frame}s.
 *
 * <p>A payload is allocated, on the heap and of its exact length, when the header was found to be
 * allowed; bytes are copied into it as they come. After the first violation nothing is read any
 * more.
 */
final class FrameDecoder extends ChannelInboundHandlerAdapter {
  /** u32 length of what follows, u8 type, u64 request id. */
  static final int HEADER_BYTES = Integer.BYTES + Byte.BYTES + Long.BYTES;

  /** What the length counts beside the payload. */
  static final int COUNTED_HEADER_BYTES = Byte.BYTES + Long.BYTES;

  private final ByteBuf header = Unpooled.buffer(HEADER_BYTES, HEADER_BYTES);
  private FrameLimits limits;
  private @Nullable FrameType type;
  private long requestId;

  /** The payload that is being filled; null between frames and within a header. */
  private @Nullable ByteBuf payload;

  private boolean broken;

  FrameDecoder(FrameLimits limits) {
    this.limits = limits;
  }

  /** What may arrive from the next frame on; called while a frame is handled. */
  void expect(FrameLimits next) {
    limits = next;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    try {
      while (!broken && bytes.isReadable()) {
        take(context, bytes);
      }
    } catch (ProtocolViolation violation) {
      broken = true;
      context.fireExceptionCaught(violation);
    } finally {
      bytes.release();
    }
  }

  private void take(ChannelHandlerContext context, ByteBuf bytes) throws ProtocolViolation {
    ByteBuf filling = payload;
    if (filling == null) {
      header.writeBytes(bytes, Math.min(bytes.readableBytes(), header.writableBytes()));
      if (header.isWritable()) {
        return;
      }
      filling = begin(context);
      payload = filling;
    }
    filling.writeBytes(bytes, Math.min(bytes.readableBytes(), filling.writableBytes()));
    FrameType complete = type;
    if (!filling.isWritable() && complete != null) {
      payload = null;
      context.fireChannelRead(new Frame(complete, requestId, filling));
    }
  }

  private ByteBuf begin(ChannelHandlerContext context) throws ProtocolViolation {
    long length = header.readUnsignedInt() - COUNTED_HEADER_BYTES;
    type = limits.check(header.readUnsignedByte(), length);
    requestId = header.readLong();
    header.clear();
    return length == 0
        ? Unpooled.EMPTY_BUFFER
        : context.alloc().heapBuffer((int) length, (int) length);
  }

  /** The connection is given up: what still arrives of it is thrown away. */
  void stop() {
    broken = true;
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    if (!broken && (payload != null || header.isReadable())) {
      broken = true;
      context.fireExceptionCaught(
          new ProtocolViolation("the connection ended in the middle of a frame"));
    }
    context.fireChannelInactive();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    ByteBuf unfinished = payload;
    payload = null;
    broken = true;
    if (unfinished != null) {
      unfinished.release();
    }
  }
}

package org.cairnfs.fuse;

import java.nio.ByteBuffer;
import org.cairnfs.core.Errno;
import org.cairnfs.fuse.Callbacks.SendPPP;
import org.cairnfs.fuse.NativeLibraries.LibFuse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Agrees with the kernel on more than libfuse 2.9 knows of: FUSE_INIT of linux/fuse.h.
 *
 * <p>libfuse answers the kernel's first request with the protocol of its time. That one request is
 * processed over a channel of this class, whose send function completes the answer with what the
 * kernel offered and this package can do:
 *
 * <ul>
 *   <li>requests of 1 MiB rather than 128 KiB;
 *   <li>{@code HANDLE_KILLPRIV_V2}: without it the kernel asks for an extended attribute before
 *       every write, to see whether it must be removed. In return, set-user-id bits have to be
 *       cleared here ({@link PrivilegeBits});
 *   <li>lookups and listings of one directory in parallel, and symlinks in the page cache;
 *   <li>listings with attributes (READDIRPLUS), which save a lookup for each name
 *       ({@link NewerRequest}).
 * </ul>
 *
 * <p>Used by the one worker that receives the request; afterwards only {@link #free} may be called.
 */
final class Handshake {
  /** Most data one request or answer carries, where the kernel agrees. */
  static final int TRANSFER_MAX_BYTES = 1 << 20;

  /** Room for a request: the data and what stands before it. */
  static final int REQUEST_MAX_BYTES = TRANSFER_MAX_BYTES + 4096;

  private static final Logger LOG = LoggerFactory.getLogger(Handshake.class);

  // struct fuse_in_header, and struct fuse_init_in behind it.
  private static final long OPCODE = 4;
  private static final int OPCODE_INIT = 26;
  private static final long OFFERED_FLAGS = 52;

  // struct fuse_out_header, and struct fuse_init_out behind it.
  private static final int OUT_LENGTH = 0;
  private static final int OUT_FLAGS = 28;
  private static final int OUT_TIME_GRANULARITY = 40;
  private static final int OUT_MAX_PAGES = 44;
  private static final int LIBFUSE_ANSWER_BYTES = 16 + 24;
  private static final int ANSWER_BYTES = 16 + 64;

  private static final int DO_READDIRPLUS = 1 << 13;
  private static final int READDIRPLUS_AUTO = 1 << 14;
  private static final int PARALLEL_DIROPS = 1 << 18;
  private static final int MAX_PAGES = 1 << 22;
  private static final int CACHE_SYMLINKS = 1 << 23;
  private static final int HANDLE_KILLPRIV_V2 = 1 << 28;
  private static final int WANTED = DO_READDIRPLUS
      | READDIRPLUS_AUTO
      | PARALLEL_DIROPS
      | MAX_PAGES
      | CACHE_SYMLINKS
      | HANDLE_KILLPRIV_V2;
  private static final int PAGE_BYTES = 4096;

  // struct fuse_chan_ops and struct iovec.
  private static final int CHANNEL_OPERATIONS_BYTES = 24;
  private static final int SEND = 8;
  private static final int VECTOR_BYTES = 16;

  private final LibFuse fuse;
  private final int descriptor;
  private final long channel;
  private final ByteBuffer answer = ByteBuffer.allocateDirect(ANSWER_BYTES);
  private int agreed;

  /**
   * @param operations keeps the send function reachable
   * @param kernelChannel the channel of the mount
   */
  Handshake(LibFuse fuse, OperationTable operations, long kernelChannel) {
    this.fuse = fuse;
    this.descriptor = fuse.fuse_chan_fd(kernelChannel);
    ByteBuffer channelOperations = ByteBuffer.allocateDirect(CHANNEL_OPERATIONS_BYTES);
    long address = NativeMemory.addressOf(channelOperations);
    NativeMemory.putLong(
        address + SEND,
        operations
            .function(SendPPP.class, (ch, vector, count) -> send(vector, count))
            .address());
    this.channel = fuse.fuse_chan_new(address, descriptor, REQUEST_MAX_BYTES, 0);
  }

  /**
   * Whether the request at {@code address} is the one that has to be processed over
   * {@link #begin}'s channel.
   */
  static boolean isInit(long address) {
    return NativeMemory.getInt(address + OPCODE) == OPCODE_INIT;
  }

  /**
   * Notes what the kernel offers in the request at {@code address}; answers the channel to process
   * it over.
   */
  long begin(long address) {
    agreed = NativeMemory.getInt(address + OFFERED_FLAGS) & WANTED;
    return channel;
  }

  /** Frees the channel; not before the request has been processed, or without one. */
  void free() {
    fuse.fuse_chan_destroy(channel);
  }

  /**
   * libfuse's send function: writes the answer in {@code vector} to the kernel; answers 0 or a
   * negated errno.
   */
  private int send(long vector, long count) {
    try {
      int length = gather(vector, count);
      long address = NativeMemory.addressOf(answer);
      if (length == LIBFUSE_ANSWER_BYTES) {
        length = complete(address);
      }
      return NativeLibraries.write(descriptor, address, length);
    } catch (RuntimeException unexpected) {
      LOG.error("cannot answer the kernel's first request", unexpected);
      return -Errno.EIO.number();
    }
  }

  private int gather(long vector, long count) {
    answer.clear();
    for (long i = 0; i < count; i++) {
      long element = vector + i * VECTOR_BYTES;
      int length = (int) NativeMemory.getLong(element + Long.BYTES);
      answer.put(NativeMemory.getBytes(NativeMemory.getLong(element), length));
    }
    return answer.position();
  }

  private int complete(long address) {
    NativeMemory.clear(address + LIBFUSE_ANSWER_BYTES, ANSWER_BYTES - LIBFUSE_ANSWER_BYTES);
    NativeMemory.putInt(address + OUT_LENGTH, ANSWER_BYTES);
    NativeMemory.putInt(address + OUT_FLAGS, NativeMemory.getInt(address + OUT_FLAGS) | agreed);
    NativeMemory.putInt(address + OUT_TIME_GRANULARITY, 1);
    if ((agreed & MAX_PAGES) != 0) {
      NativeMemory.putShort(address + OUT_MAX_PAGES, (short) (TRANSFER_MAX_BYTES / PAGE_BYTES));
    }
    return ANSWER_BYTES;
  }
}

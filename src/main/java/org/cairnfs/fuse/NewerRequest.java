package org.cairnfs.fuse;

/**
 * What the request being served is if libfuse 2.9, which knows requests of 2012 only, does not know
 * it. Such a request is handed to it as one of those, whose fields and answer have the same size
 * and do not disturb it; the callback then finds here what the kernel really wants.
 */
enum NewerRequest {
  /** Nothing of the kind: what libfuse takes it for. */
  NONE,

  /** READDIRPLUS, as READDIR: a listing that is to have the attributes of what is listed. */
  LISTING_WITH_ATTRIBUTES,

  /** COPY_FILE_RANGE, as WRITE; see {@link CopyRequest}. */
  COPY_RANGE;

  // struct fuse_in_header and enum fuse_opcode of linux/fuse.h.
  private static final long OPCODE = 4;
  private static final int WRITE = 16;
  private static final int READDIR = 28;
  private static final int READDIRPLUS = 44;
  private static final int COPY_FILE_RANGE = 47;

  /** Makes the request at {@code address} one that libfuse knows. */
  static NewerRequest disguise(long address) {
    return switch (NativeMemory.getInt(address + OPCODE)) {
      case READDIRPLUS -> disguise(address, READDIR, LISTING_WITH_ATTRIBUTES);
      case COPY_FILE_RANGE -> disguise(address, WRITE, COPY_RANGE);
      default -> NONE;
    };
  }

  private static NewerRequest disguise(long address, int as, NewerRequest request) {
    NativeMemory.putInt(address + OPCODE, as);
    return request;
  }
}

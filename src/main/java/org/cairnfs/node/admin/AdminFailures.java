package org.cairnfs.node.admin;

import org.cairnfs.node.home.OperatorException;
import org.cairnfs.proto.AdminFailure;
import org.cairnfs.proto.AdminResponse;

/** Failures as messages and back. */
public final class AdminFailures {
  /** Longest text sent, so that a failure always fits in a message. */
  private static final int TEXT_MAX_CHARS = 16 << 10;

  /** The answer that tells of a failure. */
  public static AdminResponse toResponse(OperatorException failure) {
    return AdminResponse.newBuilder()
        .setFailure(AdminFailure.newBuilder()
            .setMessage(shorten(String.valueOf(failure.getMessage())))
            .setRemedy(shorten(failure.remedy()))
            .setExitCode(failure.exitCode()))
        .build();
  }

  /** The failure that an answer tells of. */
  public static OperatorException toException(AdminFailure failure) {
    return new OperatorException(failure.getMessage(), failure.getRemedy(), failure.getExitCode());
  }

  private static String shorten(String text) {
    return text.length() <= TEXT_MAX_CHARS ? text : text.substring(0, TEXT_MAX_CHARS) + "...";
  }

  private AdminFailures() {}
}

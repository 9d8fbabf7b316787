package org.cairnfs.node.home;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.ReadOnlyFileSystemException;
import java.util.Locale;
import org.cairnfs.core.DiskErrors;
import org.jspecify.annotations.Nullable;

/** Says what a failure of the disk means for the person in front of it. */
public final class DiskFailures {
  private static final int CAUSES_MAX = 16;

  /** An explained failure; {@code what} says what could not be done, naming the file. */
  public static OperatorException explain(String what, Throwable failure) {
    String reason = reasonOf(failure);
    return new OperatorException(what + ": " + reason, remedyFor(failure, reason), failure);
  }

  private static String reasonOf(Throwable failure) {
    @Nullable Throwable cause = failure;
    String reason = failure.getClass().getSimpleName();
    for (int i = 0; cause != null && i < CAUSES_MAX; i++) {
      if (cause instanceof NoSuchFileException) {
        return "no such file or directory";
      } else if (cause instanceof AccessDeniedException) {
        return "permission denied";
      } else if (cause instanceof ReadOnlyFileSystemException) {
        return "read-only file system";
      } else if (cause instanceof FileSystemException e && e.getReason() != null) {
        return decapitalise(e.getReason());
      } else if (cause instanceof IOException && cause.getMessage() != null) {
        reason = decapitalise(cause.getMessage());
      }
      cause = cause.getCause();
    }
    return reason;
  }

  private static String remedyFor(Throwable failure, String reason) {
    String lower = reason.toLowerCase(Locale.ROOT);
    if (DiskErrors.isFull(reason)) {
      return "Free some space on that disk and try again.";
    } else if (lower.contains("read-only file system")) {
      return "Make that file system writable (mount -o remount,rw), or name another home with --home.";
    } else if (lower.contains("permission denied")) {
      return "Run the command as the user the home belongs to, or name another home with --home.";
    } else if (failure instanceof NoSuchFileException) {
      return "Check the path.";
    }
    return "Check that disk (`dmesg` may say more) and try again.";
  }

  private static String decapitalise(String text) {
    boolean oneCapital = text.length() > 1 && Character.isLowerCase(text.charAt(1));
    return oneCapital ? Character.toLowerCase(text.charAt(0)) + text.substring(1) : text;
  }

  private DiskFailures() {}
}

package org.cairnfs.cli;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.cairnfs.node.home.OperatorException;

/** Spans of time as people write them: {@code 90s}, {@code 15m}, {@code 1h}, {@code 7d}. */
final class Durations {
  private static final Pattern FORM = Pattern.compile("([0-9]{1,9})([smhd])");

  static Duration parse(String text) throws OperatorException {
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches()) {
      throw new OperatorException(
          "\"" + text + "\" is not a span of time",
          "Write a number and s, m, h or d, for example 90s or 1h.",
          OperatorException.USAGE);
    }
    long number = Long.parseLong(matcher.group(1));
    return switch (matcher.group(2)) {
      case "s" -> Duration.ofSeconds(number);
      case "m" -> Duration.ofMinutes(number);
      case "h" -> Duration.ofHours(number);
      default -> Duration.ofDays(number);
    };
  }

  private Durations() {}
}

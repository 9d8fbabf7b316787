package org.cairnfs.node.home;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Spans of time as people write them: {@code 90s}, {@code 15m}, {@code 1h}, {@code 7d}. */
public final class Durations {
  private static final Pattern FORM = Pattern.compile("([0-9]{1,9})([smhd])");

  /** Reads one. */
  public static Duration parse(String text) throws OperatorException {
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

  /** For people, rounded: {@code 90 s}, {@code 60 min}, {@code 5 h}, {@code 3 days}. */
  public static String format(Duration time) {
    double seconds = time.toMillis() / 1000.0;
    if (seconds < 120) {
      return Math.round(seconds) + " s";
    }
    double minutes = seconds / 60;
    if (minutes < 120) {
      return Math.round(minutes) + " min";
    }
    double hours = minutes / 60;
    return hours < 48 ? Math.round(hours) + " h" : Math.round(hours / 24) + " days";
  }

  private Durations() {}
}

package org.cairnfs.node.home;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Numbers of bytes as people write them: {@code 500GiB}, {@code 1.5 TiB}, {@code 4096}. */
public final class ByteCount {
  private static final Pattern FORM =
      Pattern.compile("([0-9]{1,19}(?:\\.[0-9]{1,6})?) ?(?:([KMGTPE])I?)?B?");
  private static final String UNITS = "KMGTPE";
  private static final int UNIT_BITS = 10;

  /** Reads one; K, KB and KiB all are 1024 bytes. */
  public static long parse(String text) throws OperatorException {
    Matcher matcher = FORM.matcher(text.strip().toUpperCase(Locale.ROOT));
    if (matcher.matches()) {
      int unit = matcher.group(2) == null ? 0 : 1 + UNITS.indexOf(matcher.group(2));
      BigDecimal bytes =
          new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(1L << (UNIT_BITS * unit)));
      if (bytes.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) <= 0) {
        return bytes.longValue();
      }
    }
    throw new OperatorException(
        "\"" + text + "\" is not a number of bytes",
        "Write for example 500GiB, 2TiB or 4096.",
        OperatorException.USAGE);
  }

  private ByteCount() {}
}

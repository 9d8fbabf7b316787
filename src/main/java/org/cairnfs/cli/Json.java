package org.cairnfs.cli;

import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes JSON (RFC 8259): maps with string keys, lists, strings, numbers, booleans and null, two
 * spaces a level.
 */
final class Json {
  private static final int FIRST_PRINTABLE = 0x20;

  static String format(Object value) {
    StringBuilder out = new StringBuilder(512);
    write(value, "\n", out);
    return out.toString();
  }

  private static void write(@Nullable Object value, String lineStart, StringBuilder out) {
    if (value instanceof Map<?, ?> map) {
      writeMap(map, lineStart, out);
    } else if (value instanceof List<?> list) {
      writeList(list, lineStart, out);
    } else if (value == null || value instanceof Number || value instanceof Boolean) {
      out.append(value);
    } else if (value instanceof String string) {
      writeString(string, out);
    } else {
      throw new IllegalArgumentException("no JSON for " + value.getClass());
    }
  }

  private static void writeMap(Map<?, ?> map, String lineStart, StringBuilder out) {
    String inner = lineStart + "  ";
    out.append('{');
    Iterator<? extends Map.Entry<?, ?>> entries = map.entrySet().iterator();
    while (entries.hasNext()) {
      Map.Entry<?, ?> entry = entries.next();
      out.append(inner);
      writeString(String.valueOf(entry.getKey()), out);
      out.append(": ");
      write(entry.getValue(), inner, out);
      out.append(entries.hasNext() ? "," : lineStart);
    }
    out.append('}');
  }

  private static void writeList(List<?> list, String lineStart, StringBuilder out) {
    String inner = lineStart + "  ";
    out.append('[');
    for (int i = 0; i < list.size(); i++) {
      out.append(inner);
      write(list.get(i), inner, out);
      out.append(i + 1 < list.size() ? "," : lineStart);
    }
    out.append(']');
  }

  private static void writeString(String string, StringBuilder out) {
    out.append('"');
    for (int i = 0; i < string.length(); i++) {
      char c = string.charAt(i);
      switch (c) {
        case '"', '\\' -> out.append('\\').append(c);
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          if (c < FIRST_PRINTABLE || Character.isSurrogate(c)) {
            out.append(String.format("\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }

  private Json() {}
}

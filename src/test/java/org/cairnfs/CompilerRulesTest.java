package org.cairnfs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What mount-scripts/node.compile says about methods is about methods that there are. */
final class CompilerRulesTest {
  private static final Pattern RULE = Pattern.compile("^dontinline,(.*)::(.*)$", Pattern.MULTILINE);
  private static final String GENERATED = "org.cairnfs.proto.*";

  static Stream<Arguments> rules() throws Exception {
    String text = Files.readString(Path.of("mount-scripts/node.compile"));
    List<MatchResult> rules = RULE.matcher(text).results().toList();
    assertThat(rules).hasSizeGreaterThan(10);
    assertThat(rules.stream().map(MatchResult::group)).doesNotHaveDuplicates();
    return rules.stream()
        .filter(rule -> !rule.group(1).equals(GENERATED))
        .map(rule -> arguments(rule.group(1), rule.group(2)));
  }

  @ParameterizedTest
  @MethodSource("rules")
  void eachNamesMethodsThatExist(String type, String method) throws Exception {
    Class<?> named = Class.forName(type, false, getClass().getClassLoader());
    boolean isPrefix = method.endsWith("*");
    String start = isPrefix ? method.substring(0, method.length() - 1) : method;
    assertThat(Arrays.stream(named.getDeclaredMethods()).map(Method::getName))
        .anyMatch(name -> isPrefix ? name.startsWith(start) : name.equals(start));
  }
}

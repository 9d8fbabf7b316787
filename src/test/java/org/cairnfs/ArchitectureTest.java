package org.cairnfs;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.lang.syntax.elements.GivenClassesConjunction;
import java.time.Clock;
import java.time.Instant;
import java.util.AbstractCollection;
import java.util.AbstractMap;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;

/** Holds the shape of the code: who may import whom, and what only a few may touch. */
@AnalyzeClasses(
    packages = "org.cairnfs",
    importOptions = {ImportOption.DoNotIncludeTests.class, ArchitectureTest.NotGenerated.class})
final class ArchitectureTest {
  /** The layers, top to bottom. A package sees the lines below its own, never its neighbours. */
  private static final List<List<String>> LAYERS = List.of(
      List.of("cli"),
      List.of("node"),
      List.of("fuse"),
      List.of("vfs"),
      List.of("meta", "blob"),
      List.of("net", "store", "crypto"),
      List.of("kv"),
      List.of("core"));

  /** Each third-party library with the one package that may import it. */
  private static final Map<String, String> IMPORTERS = Map.ofEntries(
      Map.entry("jnr..", "fuse"),
      Map.entry("com.kenai.jffi..", "fuse"),
      Map.entry("ru.serce..", "fuse"),
      Map.entry("com.github.benmanes.caffeine..", "blob"),
      Map.entry("org.bouncycastle..", "crypto"),
      Map.entry("org.conscrypt..", "crypto"),
      Map.entry("org.rocksdb..", "kv"),
      Map.entry("com.sun.nio.file..", "store"),
      Map.entry("org.apache.ratis..", "meta.raft"),
      Map.entry("io.netty..", "net"),
      Map.entry("picocli..", "cli"),
      Map.entry("me.tongfei..", "cli"),
      Map.entry("ch.qos.logback..", "node"));

  /** What everybody may import: the JDK, the project, and libraries that are vocabulary. */
  private static final List<String> VOCABULARY = List.of(
      "java..",
      "javax..",
      "org.cairnfs..",
      "com.google.protobuf..",
      "org.jspecify..",
      "org.slf4j..");

  /** Types whose only use is to hold what changes; constants are Map.of and the like. */
  private static final List<Class<?>> MUTABLE = List.of(
      AbstractCollection.class,
      AbstractMap.class,
      AtomicBoolean.class,
      AtomicInteger.class,
      AtomicLong.class,
      AtomicReference.class,
      ConcurrentMap.class,
      LongAdder.class,
      ThreadLocal.class);

  @ArchTest
  static void importsPointDownwards(JavaClasses all) {
    List<String> above = new ArrayList<>();
    for (List<String> line : LAYERS) {
      for (String layer : line) {
        Stream<String> neighbours = line.stream().filter(other -> !other.equals(layer));
        String[] forbidden = packages(Stream.concat(above.stream(), neighbours));
        noClasses()
            .that()
            .resideInAPackage(ours(layer))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(forbidden)
            .because("imports point downwards only")
            .check(all);
      }
      above.addAll(line);
    }
  }

  @ArchTest
  static void everyClassBelongsToALayer(JavaClasses all) {
    String[] layers = packages(LAYERS.stream().flatMap(Collection::stream));
    classes().should().resideInAnyPackage(layers).check(all);
  }

  @ArchTest
  static void eachLibraryHasOneImporter(JavaClasses all) {
    IMPORTERS.forEach((library, importer) -> noClasses()
        .that()
        .resideOutsideOfPackage(ours(importer))
        .should()
        .dependOnClassesThat()
        .resideInAPackage(library)
        .check(all));
  }

  @ArchTest
  static void everyLibraryHasAnImporter(JavaClasses all) {
    String[] known =
        Stream.concat(VOCABULARY.stream(), IMPORTERS.keySet().stream()).toArray(String[]::new);
    noClasses()
        .should()
        .dependOnClassesThat(not(resideInAnyPackage(known))
            .and(not(resideInAPackage("")))
            .as("belong to a library that this test does not know"))
        .check(all);
  }

  @ArchTest
  static final ArchRule outputIsForTheCommandLine =
      noClassesOutside("cli", "node").should().accessTargetWhere(uses(System.class, "out", "err"));

  @ArchTest
  static final ArchRule wallClockIsHandedIn = noClassesOutside("cli", "node")
      .should()
      .accessTargetWhere(uses(System.class, "currentTimeMillis")
          .or(uses(Instant.class, "now"))
          .or(uses(Clock.class, "systemUTC", "systemDefaultZone")));

  @ArchTest
  static final ArchRule tickerIsHandedIn = noClassesOutside("cli", "node", "fuse")
      .should()
      .accessTargetWhere(uses(System.class, "nanoTime"));

  @ArchTest
  static final ArchRule randomnessIsHandedIn = noClassesOutside("cli", "node")
      .should()
      .accessTargetWhere(uses(Random.class, "<init>")
          .or(uses(ThreadLocalRandom.class, "current"))
          .or(uses(Math.class, "random"))
          .or(uses(UUID.class, "randomUUID")));

  @ArchTest
  static final ArchRule staticsAreConstants =
      noFields().that().areStatic().and(not(synthetic())).should(beMutable());

  @ArchTest
  static final ArchRule packagesAreNullMarked = classes()
      .should(new ArchCondition<>("be in a package whose package-info.java says @NullMarked") {
        @Override
        public void check(JavaClass item, ConditionEvents events) {
          boolean marked = item.getPackage().isAnnotatedWith(NullMarked.class);
          events.add(new SimpleConditionEvent(item, marked, item.getDescription()));
        }
      });

  private static GivenClassesConjunction noClassesOutside(String... layers) {
    return noClasses().that().resideOutsideOfPackages(packages(Stream.of(layers)));
  }

  /** An access to, or a reference to, one of the named members of a class. */
  private static DescribedPredicate<JavaAccess<?>> uses(Class<?> owner, String... members) {
    Set<String> names = Set.of(members);
    return DescribedPredicate.describe(
        "is one of " + names + " of " + owner.getSimpleName(),
        access -> access.getTargetOwner().isEquivalentTo(owner)
            && names.contains(access.getTarget().getName()));
  }

  private static DescribedPredicate<JavaField> synthetic() {
    return DescribedPredicate.describe(
        "made by the compiler", field -> field.getModifiers().contains(JavaModifier.SYNTHETIC));
  }

  /** A static that is not final, or whose type exists to be changed. Arrays are left to review. */
  private static ArchCondition<JavaField> beMutable() {
    return new ArchCondition<>("be mutable") {
      @Override
      public void check(JavaField field, ConditionEvents events) {
        boolean isFinal = field.getModifiers().contains(JavaModifier.FINAL);
        boolean mutable = !isFinal
            || MUTABLE.stream()
                .anyMatch(type -> type.isAssignableFrom(field.reflect().getType()));
        events.add(new SimpleConditionEvent(field, mutable, field.getDescription()));
      }
    };
  }

  private static String ours(String layer) {
    return "org.cairnfs." + layer + "..";
  }

  private static String[] packages(Stream<String> layers) {
    return layers.map(ArchitectureTest::ours).toArray(String[]::new);
  }

  /** Leaves out org.cairnfs.proto, which protoc writes and everybody may use. */
  static final class NotGenerated implements ImportOption {
    @Override
    public boolean includes(Location location) {
      return !location.contains("/org/cairnfs/proto/");
    }
  }
}

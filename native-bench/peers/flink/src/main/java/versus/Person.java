package versus;

import java.io.Serializable;
import java.util.function.Predicate;
import org.apache.flink.api.common.functions.FlatMapFunction;
import org.apache.flink.util.Collector;

/** A person, with the fields that a query needs. */
public final class Person {
  static final PlainType<Person> NAMED =
      new PlainType<>(
          Person.class,
          (person, out) -> {
            out.writeInt(person.id);
            out.writeLong(person.time);
            person.name.write(out);
          },
          in -> {
            Person person = new Person();
            person.id = in.readInt();
            person.time = in.readLong();
            person.name = Text.read(in);
            return person;
          });

  static final PlainType<Person> PLACED =
      new PlainType<>(
          Person.class,
          (person, out) -> {
            out.writeInt(person.id);
            person.name.write(out);
            person.city.write(out);
            person.state.write(out);
          },
          in -> {
            Person person = new Person();
            person.id = in.readInt();
            person.name = Text.read(in);
            person.city = Text.read(in);
            person.state = Text.read(in);
            return person;
          });

  int id;
  long time;
  Text name;
  Text city;
  Text state;

  interface Which extends Predicate<Person>, Serializable {}

  /** Persons of the wide stream in one object, which is filled again for each. */
  static final class Of implements FlatMapFunction<NexmarkEvent, Person> {
    private final Which which;
    private transient Person person;

    Of(Which which) {
      this.which = which;
    }

    @Override
    public void flatMap(NexmarkEvent event, Collector<Person> out) {
      if (event.kind != NexmarkEvent.PERSON) return;
      if (person == null) {
        person = new Person();
        person.name = new Text();
        person.city = new Text();
        person.state = new Text();
      }
      person.id = event.id();
      person.time = event.time;
      event.name(person.name);
      event.city(person.city);
      event.state(person.state);
      if (which.test(person)) out.collect(person);
    }
  }
}

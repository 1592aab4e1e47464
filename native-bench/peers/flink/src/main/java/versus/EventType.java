package versus;

import java.io.IOException;
import java.util.function.Supplier;
import org.apache.flink.api.common.serialization.SerializerConfig;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** Events across exchanges in 20 bytes, without the flags and reflection of Flink's serializer of plain classes. */
final class EventType extends TypeInformation<Event> {
  static final EventType INSTANCE = new EventType();

  @Override
  public TypeSerializer<Event> createSerializer(SerializerConfig config) {
    return EventSerializer.INSTANCE;
  }

  @Override
  public boolean isBasicType() {
    return false;
  }

  @Override
  public boolean isTupleType() {
    return false;
  }

  @Override
  public int getArity() {
    return 1;
  }

  @Override
  public int getTotalFields() {
    return 1;
  }

  @Override
  public Class<Event> getTypeClass() {
    return Event.class;
  }

  @Override
  public boolean isKeyType() {
    return false;
  }

  @Override
  public String toString() {
    return "EventType";
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof EventType;
  }

  @Override
  public int hashCode() {
    return 1;
  }

  @Override
  public boolean canEqual(Object other) {
    return other instanceof EventType;
  }

  static final class EventSerializer extends TypeSerializer<Event> {
    static final EventSerializer INSTANCE = new EventSerializer();

    @Override
    public boolean isImmutableType() {
      return false;
    }

    @Override
    public TypeSerializer<Event> duplicate() {
      return this;
    }

    @Override
    public Event createInstance() {
      return new Event();
    }

    @Override
    public Event copy(Event from) {
      return copy(from, new Event());
    }

    @Override
    public Event copy(Event from, Event to) {
      to.key = from.key;
      to.value = from.value;
      to.time = from.time;
      return to;
    }

    @Override
    public int getLength() {
      return 20;
    }

    @Override
    public void serialize(Event event, DataOutputView out) throws IOException {
      out.writeInt(event.key);
      out.writeLong(event.value);
      out.writeLong(event.time);
    }

    @Override
    public Event deserialize(DataInputView in) throws IOException {
      return deserialize(new Event(), in);
    }

    @Override
    public Event deserialize(Event event, DataInputView in) throws IOException {
      event.key = in.readInt();
      event.value = in.readLong();
      event.time = in.readLong();
      return event;
    }

    @Override
    public void copy(DataInputView in, DataOutputView out) throws IOException {
      out.write(in, 20);
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof EventSerializer;
    }

    @Override
    public int hashCode() {
      return 1;
    }

    @Override
    public TypeSerializerSnapshot<Event> snapshotConfiguration() {
      return new Snapshot();
    }
  }

  /** For checkpoints: the serializer has no configuration. */
  public static final class Snapshot extends SimpleTypeSerializerSnapshot<Event> {
    public Snapshot() {
      super((Supplier<TypeSerializer<Event>>) () -> EventSerializer.INSTANCE);
    }
  }
}

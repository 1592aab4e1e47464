package versus;

import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/** What it costs to reach for state, many times a record; native-bench/versus/micro-jobs.ts has the same. */
final class StateJobs {
  private static final int ELEMENTS = 100;
  private static final int ENTRIES = 10;

  private StateJobs() {}

  static void define(Settings settings, StreamExecutionEnvironment env) {
    Function function =
        switch (settings.job) {
          case "state-value" -> new Values();
          case "state-list" -> new Lists();
          case "state-map" -> new Maps();
          case "state-map-entries" -> new Entries();
          default -> throw new IllegalArgumentException("there is no job " + settings.job);
        };
    function.operations = settings.operations;
    Jobs.keyed(settings, env)
        .process(function)
        .returns(Jobs.eventType(settings))
        .sinkTo(MicroJobs.resultSink(settings));
  }

  /** One result object a subtask: the sink is in the chain, and keeps nothing. */
  private abstract static class Function extends KeyedProcessFunction<Integer, Event, Event> {
    int operations;
    private transient Event result;

    void emit(int key, long value, Collector<Event> out) {
      if (result == null) result = new Event();
      result.key = key;
      result.value = value;
      out.collect(result);
    }
  }

  private static final class Values extends Function {
    private transient ValueState<Long> sum;

    @Override
    public void open(OpenContext context) {
      sum = getRuntimeContext().getState(new ValueStateDescriptor<>("sum", Long.class));
    }

    @Override
    public void processElement(Event event, Context context, Collector<Event> out)
        throws Exception {
      for (int i = 0; i < operations; i++) {
        Long before = sum.value();
        sum.update((before == null ? 0 : before) + event.value);
      }
      emit(event.key, sum.value(), out);
    }
  }

  private static final class Lists extends Function {
    private transient ListState<Long> values;
    private transient ValueState<Integer> size;

    @Override
    public void open(OpenContext context) {
      values = getRuntimeContext().getListState(new ListStateDescriptor<>("values", Long.class));
      size = getRuntimeContext().getState(new ValueStateDescriptor<>("size", Integer.class));
    }

    @Override
    public void processElement(Event event, Context context, Collector<Event> out)
        throws Exception {
      for (int i = 0; i < operations; i++) values.add(event.value);
      Integer before = size.value();
      int now = (before == null ? 0 : before) + operations;
      size.update(now);
      if (now < ELEMENTS) return;
      long sum = 0;
      for (long one : values.get()) sum += one;
      values.clear();
      size.clear();
      emit(event.key, sum, out);
    }
  }

  private static final class Maps extends Function {
    private transient MapState<Integer, Long> counts;

    @Override
    public void open(OpenContext context) {
      counts =
          getRuntimeContext()
              .getMapState(new MapStateDescriptor<>("counts", Integer.class, Long.class));
    }

    @Override
    public void processElement(Event event, Context context, Collector<Event> out)
        throws Exception {
      for (int i = 0; i < operations; i++) {
        Long before = counts.get(i % ENTRIES);
        counts.put(i % ENTRIES, (before == null ? 0 : before) + event.value);
      }
      emit(event.key, counts.get(0), out);
    }
  }

  private static final class Entries extends Function {
    private transient MapState<Integer, Long> last;

    @Override
    public void open(OpenContext context) {
      last =
          getRuntimeContext()
              .getMapState(new MapStateDescriptor<>("last", Integer.class, Long.class));
    }

    @Override
    public void processElement(Event event, Context context, Collector<Event> out)
        throws Exception {
      last.put((int) event.value % ENTRIES, event.value);
      long sum = 0;
      for (var entry : last.entries()) sum += entry.getValue();
      emit(event.key, sum, out);
    }
  }
}

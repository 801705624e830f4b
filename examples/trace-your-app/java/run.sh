java -javaagent:opentelemetry-javaagent.jar App

mvn -q -B dependency:copy -DoutputDirectory=. -Dmdep.stripVersion=true \
  -Dartifact=io.opentelemetry.javaagent:opentelemetry-javaagent:2.33.1
javac App.java

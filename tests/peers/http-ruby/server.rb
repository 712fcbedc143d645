# The Ruby peer of the end-to-end tests: the endpoints of tests/peers/README.md on WEBrick. Usage: ruby server.rb PORT
require 'webrick'

LARGE = 'x' * (1 << 20)

# '200ms' or '1s', in seconds.
def seconds(text)
  text.end_with?('ms') ? text.to_f / 1000 : text.to_f
end

def fixed(response, status, body)
  response.status = status
  response['Content-Type'] = 'text/plain'
  response['Content-Length'] = body.bytesize.to_s
  response.body = body
end

def chunked(response)
  response['Content-Type'] = 'text/plain'
  response.chunked = true
  response.body = proc { |out| 3.times { |i| out.write("chunk-#{i}\n") } }
end

class Endpoints < WEBrick::HTTPServlet::AbstractServlet
  def answer(request, response)
    _, first, second = request.path.split('/')
    delay = first == 'delay' ? second : request.query_string.to_s[/(?:^|&)delay=([^&]*)/, 1]
    status = first == 'status' ? second : request.query_string.to_s[/(?:^|&)status=([^&]*)/, 1]
    sleep(seconds(delay)) if delay
    return fixed(response, status.to_i, "#{status}\n") if status

    case first
    when 'hello', 'delay' then fixed(response, 200, "hello\n")
    when 'post' then fixed(response, 200, '')
    when 'echo' then fixed(response, 200, request.body || '')
    when 'chunked' then chunked(response)
    when 'large' then fixed(response, 200, LARGE)
    else fixed(response, 404, "404\n")
    end
  end

  alias do_GET answer
  alias do_POST answer
  alias do_HEAD answer
end

server = WEBrick::HTTPServer.new(BindAddress: '127.0.0.1', Port: ARGV[0].to_i, AccessLog: [],
                                 Logger: WEBrick::Log.new($stderr, WEBrick::BasicLog::WARN))
server.mount('/', Endpoints)
trap('TERM') { server.shutdown }
server.start

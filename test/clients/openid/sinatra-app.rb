# frozen_string_literal: true

# An app with omniauth-openid-connect under Sinatra, set up as GitLab's documentation says.

require 'cgi'
require 'omniauth_openid_connect'
require 'sinatra/base'

# The library brings its own list of authorities, and does not know https_proxy.
OpenIDConnect.http_config do |client|
  client.ssl_config.add_trust_ca(ENV.fetch('SSL_CERT_FILE'))
  client.proxy = ENV.fetch('https_proxy')
end

class Wiki < Sinatra::Base
  set :host_authorization, permitted_hosts: []
  use Rack::Session::Cookie, secret: 'a secret of this run, which has to have more than 64 characters in it'
  use OmniAuth::Builder do
    provider :openid_connect,
             name: :openid_connect,
             scope: %i[openid profile email groups],
             response_type: 'code',
             issuer: ENV.fetch('ISSUER'),
             discovery: true,
             client_auth_method: 'query',
             uid_field: 'preferred_username',
             client_options: {
               identifier: ENV.fetch('CLIENT_ID'),
               secret: ENV.fetch('CLIENT_SECRET'),
               redirect_uri: "#{ENV.fetch('WIKI')}/auth/openid_connect/callback"
             }
  end

  get '/' do
    user = session[:user]
    return page(button) unless user

    lines = %w[User Name].zip(user.values_at('uid', 'name')).map { |name, value| "<p>#{name} #{CGI.escapeHTML(value)}</p>" }
    page("#{lines.join}<p><a href=\"/leave\">Leave</a></p>")
  end

  get '/auth/openid_connect/callback' do
    auth = request.env['omniauth.auth']
    session[:user] = { 'uid' => auth.uid, 'name' => auth.info.name }
    redirect '/'
  end

  get '/auth/failure' do
    status 403
    page("<p>Error #{CGI.escapeHTML(params['message'].to_s)}</p>")
  end

  get '/leave' do
    session.delete(:user)
    redirect '/auth/openid_connect/logout'
  end

  helpers do
    def page(content)
      "<!doctype html><html lang=\"en\"><title>Wiki</title><h1>Wiki</h1>#{content}</html>"
    end

    def button
      token = Rack::Protection::AuthenticityToken.token(session)
      '<form action="/auth/openid_connect" method="post">' \
        "<input type=\"hidden\" name=\"authenticity_token\" value=\"#{token}\">" \
        '<button>Sign in with Postern</button></form>'
    end
  end
end

Rack::Handler::WEBrick.run(Wiki, Host: '127.0.0.1', Port: Integer(ENV.fetch('PORT')), AccessLog: [])
